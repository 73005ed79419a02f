"""One HTTP request at a time, over a pool of connections: sent once, at its turn, and never repeated here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError

from provisioner.ports import Gate

from .connections import Connections, Connector, drop
from .credentials import Account
from .deadlines import Deadlines
from .exchange import ConnectionGone, Exchange, NoFinalReply
from .failures import Failure, explain
from .hosts import Hosts, find_hosts
from .outbox import Outbox
from .routes import Headers, Routes


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What came back. ``body`` is what arrived of it, up to a megabyte, also when it was cut.

    ``headers`` are case-insensitive; ``due``, ``sent`` and ``ended`` are Unix seconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    due: float
    sent: float
    ended: float


@dataclass(slots=True)
class Traffic:
    """Bytes of bodies that went and came."""

    sent: int = 0
    received: int = 0


class Transport:
    """Sends requests of one account. Made by ``open_transport``."""

    def __init__(self, connections: Connections, hosts: Hosts, routes: Routes, deadlines: Deadlines) -> None:
        self._connections, self._hosts, self._routes, self._deadlines = connections, hosts, routes, deadlines
        self._outbox = Outbox()
        self.traffic = Traffic()

    def url(self, product: str, *segments: str) -> str:
        """Return where ``product`` answers the path of these segments; see ``Hosts.url``."""
        return self._hosts.url(product, *segments)

    async def send(
        self, method: str, url: str, *, gate: Gate, body: bytes = b"", headers: Headers = ()
    ) -> Reply | Failure:
        """Connect, wait at the gate, send, and read the reply, until its deadline is over.

        Every network failure is a value, timeouts (``OSError``) included. Raise only what the gate raises, and
        cancellation. Nothing is repeated here, no redirect followed, and no cookie kept.
        """
        request, way = self._routes.request(method, url, headers, body), self._routes.way(url)
        exchange = Exchange()
        connection: Connection | None = None
        is_whole = False
        try:
            connection = await self._connections.take(way)
            is_whole = await exchange.carry(connection, request, gate, self._outbox, self._deadlines)
        except (aiohttp.ClientError, HttpProcessingError, OSError, ConnectionGone, NoFinalReply) as error:
            if exchange.head is None:
                return _failure(error, exchange, url)
        finally:
            if is_whole and connection is not None:
                self._connections.keep(way, connection)
            elif connection is not None:
                drop(connection)
        self.traffic.sent += len(body)
        self.traffic.received += len(exchange.body)
        return _reply(exchange)


@asynccontextmanager
async def open_transport(
    account: Account, *, version: str, base_url: str = "", timeout_s: float = 30.0, proxy: str = ""
) -> AsyncIterator[Transport]:
    """Open the pool of connections for ``account``; ``version`` is ours, for the User-Agent.

    How many requests are in flight is the caller's choice: the pool has no limit of its own, so that none
    waits for a connection while it should wait for its turn. Nothing is taken from the environment.
    """
    hosts = find_hosts(region=account.region, edge=account.edge, base_url=base_url, proxy=proxy)
    routes = Routes(_headers(account, version), proxy=proxy)
    connections, deadlines = Connections(Connector()), Deadlines(timeout_s)
    try:
        yield Transport(connections, hosts, routes, deadlines)
    finally:
        deadlines.close()
        await connections.close()


def _headers(account: Account, version: str) -> Headers:
    """Make what every request carries."""
    return (
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Authorization", aiohttp.encode_basic_auth(account.username, account.password)),
        ("User-Agent", f"webchat-provisioner/{version}"),
    )


def _reply(exchange: Exchange) -> Reply:
    head, due, sent = exchange.head, exchange.due, exchange.sent
    if head is None or due is None or sent is None:
        raise RuntimeError("a reply came to a request that was not sent")
    return Reply(
        status=head.code,
        headers=head.headers,
        body=exchange.body,
        due=due,
        sent=sent,
        ended=exchange.ended(),
    )


def _failure(error: Exception, exchange: Exchange, url: str) -> Failure:
    host = urlsplit(url).hostname or ""
    if exchange.sent is None and exchange.due is not None:  # it stood, passed the gate, and sent nothing
        error = ConnectionGone()
    cause = explain(error, host, is_sent=exchange.sent is not None)
    ended = exchange.ended()
    return Failure(
        error_code=cause.word,
        error=cause.sentence,
        due=ended if exchange.due is None else exchange.due,
        ended=ended,
        sent=exchange.sent,
        stops_run=cause.stops_run,
    )
