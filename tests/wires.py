"""How tests reach their servers: over plain http or a version of TLS, directly or through a proxy.

A test that is run over several wires does not mention them: ``raw_server`` serves on the wire that is laid, and
``open_transport`` calls over it.
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
    """One way to a server. ``version`` is of TLS, None for plain http."""

    version: ssl.TLSVersion | None = None
    is_by_proxy: bool = False
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """Name it in the names of tests."""
        return f"{self.version.name if self.version else 'http'}{'-by-proxy' if self.is_by_proxy else ''}"

    @property
    def scheme(self) -> str:
        """What a URL over this wire begins with."""
        return "http" if self.version is None else "https"


TLS13, TLS12 = (Wire(version) for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2))
TLS13_BY_PROXY, TLS12_BY_PROXY = (Wire(wire.version, is_by_proxy=True) for wire in (TLS13, TLS12))
EVERY_WIRE = (Wire(), TLS13, TLS12, TLS13_BY_PROXY, TLS12_BY_PROXY)

_laid = [Wire()]
"""The wire that is laid is the last one."""


def laid_wire() -> Wire:
    """Return the wire that servers and clients of the test use."""
    return _laid[-1]


LayWire = Callable[[Wire], None]
"""Lays a wire until the test ends."""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the certificate authority of this run of the tests."""
    return Authority(Path(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def lay_wire(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> LayWire:
    """Return what lays a wire: servers speak it, and clients trust the tests' authority."""

    def lay(wire: Wire) -> None:
        tls = authority.server(wire.version) if wire.version else None
        monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", authority.client)
        monkeypatch.setattr("tests.wires._laid", [Wire(wire.version, wire.is_by_proxy, tls)])

    return lay


@pytest.fixture(autouse=True, params=[TLS13, TLS12_BY_PROXY], ids=str)
def wire(request: pytest.FixtureRequest, lay_wire: LayWire) -> Wire:
    """Lay the wire of this run of a test."""
    chosen: Wire = request.param
    lay_wire(chosen)
    return chosen


@asynccontextmanager
async def open_transport(
    account: Account, *, base_url: str = "", proxy: str = "", **how: Any
) -> AsyncIterator[transport.Transport]:
    """Open the real transport over the wire that is laid; another proxy may be named."""
    async with AsyncExitStack() as stack:
        if laid_wire().is_by_proxy and not proxy:
            proxy = (await stack.enter_async_context(connect_proxy())).url
        yield await stack.enter_async_context(
            client.open_transport(account, base_url=base_url, proxy=proxy, **how)
        )


def both_loops() -> Mapping[str, LoopFactory]:
    """Return asyncio's loop, and uvloop's where it is installed."""
    loops: dict[str, LoopFactory] = {"asyncio": asyncio.new_event_loop}
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 - it is an extra

        loops["uvloop"] = uvloop.new_event_loop
    return loops
