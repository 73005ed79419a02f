"""Which connections are kept."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import ClientConnectionError, ClientRequest

from provisioner.http_client import pool
from provisioner.http_client.connection import HttpConnection
from provisioner.http_client.connector import Connector
from provisioner.http_client.pool import KEEPALIVE_S, ConnectionPool
from provisioner.http_client.request_bytes import RequestBuilder


class Line:
    """A connection that stands until it is dropped; whether it ``is_idle`` is told by the test."""

    def __init__(self, *, is_idle: bool = True) -> None:
        self.is_closed, self.is_idle = False, is_idle

    def drop(self) -> None:
        """Hang up."""
        self.is_closed = True


class NewLines:
    """Opens a new line each time."""

    async def open(self, *_: object) -> Line:
        """Open it."""
        return Line()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Let time stand where the test puts it."""
    moment = SimpleNamespace(now=100.0)
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: moment.now))
    return moment


@pytest.fixture
def way() -> ClientRequest:
    """Return where to."""
    return cast("ClientRequest", RequestBuilder)  # all that matters is that it is the same


def kept_by(lines: ConnectionPool, way: ClientRequest, *kept: Line) -> None:
    """Give lines back, one after the other."""
    for line in kept:
        lines.release(way, cast("HttpConnection", line))


def lines_of_their_own() -> ConnectionPool:
    """Return connections without a network."""
    return ConnectionPool(cast("Connector", NewLines()))


async def test_what_nobody_needs_for_long_is_closed(clock: SimpleNamespace, way: ClientRequest) -> None:
    """After a burst of many only as many stay open as are used."""
    lines, burst, busy = lines_of_their_own(), [Line() for _ in range(5)], Line()
    kept_by(lines, way, *burst)

    for _ in range(10):
        clock.now += KEEPALIVE_S / 3
        kept_by(lines, way, busy)
        assert await lines.acquire(way) is cast("object", busy)

    assert [line.is_closed for line in burst] == [True] * 5
    assert not busy.is_closed


async def test_what_still_has_something_to_write_is_not_used_again(
    clock: SimpleNamespace, way: ClientRequest
) -> None:
    """A server may have answered before it read all, and the next request would wait behind the rest for ever."""
    lines, clogged = lines_of_their_own(), Line(is_idle=False)
    kept_by(lines, way, clogged)

    taken = await lines.acquire(way)

    assert taken is not cast("object", clogged)
    assert clogged.is_closed


async def test_a_connection_that_is_reset_while_it_is_set_up_cannot_be_opened(way: ClientRequest) -> None:
    """On uvloop that is a ``RuntimeError``; nothing was sent, so it is a failure like any other to connect."""

    class Reset:
        async def open(self, *_: object) -> Line:
            raise RuntimeError("unable to perform operation; the handler is closed")

    with pytest.raises(ClientConnectionError):
        await ConnectionPool(cast("Connector", Reset())).acquire(way)
