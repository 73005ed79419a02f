"""Connections of tests to their servers (wires): plain http or a version of TLS, direct or through a proxy.

A test that runs over several wires does not name them: ``raw_server`` and ``open_transport`` use the current wire.
"""

import asyncio
import importlib.util
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp.connector
import pytest

from provisioner.http_client import transport
from provisioner.twilio import client
from provisioner.twilio.account.credentials import Account
from tests.relays import connect_proxy
from tests.tls import Authority

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True)
class Wire:
    """One kind of connection to a server; ``version`` is the TLS version, None for plain http."""

    version: ssl.TLSVersion | None = None
    is_by_proxy: bool = False
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """Return the name of the wire, which is shown in the names of tests."""
        return f"{self.version.name if self.version else 'http'}{'-by-proxy' if self.is_by_proxy else ''}"

    @property
    def scheme(self) -> str:
        """Scheme of URLs over this wire: ``http`` or ``https``."""
        return "http" if self.version is None else "https"


TLS13, TLS12 = (Wire(version) for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2))
TLS13_BY_PROXY, TLS12_BY_PROXY = (Wire(wire.version, is_by_proxy=True) for wire in (TLS13, TLS12))
EVERY_WIRE = (Wire(), TLS13, TLS12, TLS13_BY_PROXY, TLS12_BY_PROXY)

_laid = [Wire()]
"""Stack of wires; the last one is the current wire."""


def laid_wire() -> Wire:
    """Return the current wire, which the servers and clients of the test use."""
    return _laid[-1]


LayWire = Callable[[Wire], None]
"""Function that sets the current wire until the test ends."""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the certificate authority of this test session."""
    return Authority(Path(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def lay_wire(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> LayWire:
    """Return a function that sets the current wire; clients then trust the tests' certificate authority."""

    def lay(wire: Wire) -> None:
        tls = authority.server(wire.version) if wire.version else None
        monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", authority.client)
        monkeypatch.setattr("tests.wires._laid", [Wire(wire.version, wire.is_by_proxy, tls)])

    return lay


@pytest.fixture(autouse=True, params=[TLS13, TLS12_BY_PROXY], ids=str)
def wire(request: pytest.FixtureRequest, lay_wire: LayWire) -> Wire:
    """Set the wire of a parametrized test and return it."""
    chosen: Wire = request.param
    lay_wire(chosen)
    return chosen


@asynccontextmanager
async def open_transport(
    account: Account, *, base_url: str = "", proxy: str = "", **how: Any
) -> AsyncIterator[transport.Transport]:
    """Open the real transport over the current wire; ``proxy`` replaces the wire's own."""
    async with AsyncExitStack() as stack:
        if laid_wire().is_by_proxy and not proxy:
            proxy = (await stack.enter_async_context(connect_proxy())).url
        yield await stack.enter_async_context(
            client.open_transport(account, base_url=base_url, proxy=proxy, **how)
        )


def both_loops() -> Mapping[str, LoopFactory]:
    """Return asyncio's event-loop factory, and uvloop's if it is installed, by name."""
    loops: dict[str, LoopFactory] = {"asyncio": asyncio.new_event_loop}
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 - an optional dependency

        loops["uvloop"] = uvloop.new_event_loop
    return loops
