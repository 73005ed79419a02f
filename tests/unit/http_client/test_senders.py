"""Which way requests take, by what the installed aiohttp has."""

import sys

import pytest
from structlog.testing import capture_logs

from provisioner.http_client import connection, senders
from provisioner.http_client.pooled_sender import PooledSender
from provisioner.http_client.request_bytes import RequestBuilder
from provisioner.http_client.senders import make_sender
from provisioner.http_client.session_sender import SessionSender


@pytest.fixture(autouse=True)
def nobody_was_warned() -> None:
    """Let each test be the first of its process."""
    senders._warn.cache_clear()


async def made() -> tuple[type, list[str]]:
    """Return what kind of sender is made, and what is missing by the warnings, of two senders."""
    with capture_logs() as events:
        made = [make_sender(RequestBuilder((), proxy=""), timeout_s=1.0) for _ in range(2)]
    for sender in made:
        await sender.close()
    assert {event["log_level"] for event in events} <= {"warning"}
    return type(made[0]), [event["missing"] for event in events]


async def test_with_this_aiohttp_connections_are_kept() -> None:
    """The aiohttp of the lock file has all that is needed, and nobody is warned."""
    assert await made() == (PooledSender, [])


async def test_where_a_name_is_missing_the_session_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another aiohttp costs speed and no guarantee; the warning names what it lacks, once a process."""
    monkeypatch.setitem(connection.NAMES, "aiohttp.connector.Connection", ("close", "gone"))

    assert await made() == (SessionSender, ["aiohttp.connector.Connection.gone"])


async def test_where_a_module_is_missing_the_session_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where a whole module of aiohttp has gone."""
    monkeypatch.setitem(sys.modules, "aiohttp.client_proto", None)
    for name in ("connection", "pool", "pooled_sender"):
        monkeypatch.delitem(sys.modules, f"provisioner.http_client.{name}")

    assert await made() == (SessionSender, ["aiohttp.client_proto"])
