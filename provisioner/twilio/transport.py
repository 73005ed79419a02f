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

from .connections import ConnectionPool, Connector, drop
from .credentials import Account
from .deadlines import Deadlines
from .exchange import ConnectionLostBeforeSend, Exchange, NoFinalReply
from .failures import TransportFailure, classify_exception
from .hosts import Hosts, find_hosts
from .outbox import WriteBatcher
from .routes import Headers, RequestBuilder


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

    def __init__(
        self, pool: ConnectionPool, hosts: Hosts, request_builder: RequestBuilder, deadlines: Deadlines
    ) -> None:
        self._pool, self._hosts, self._request_builder, self._deadlines = pool, hosts, request_builder, deadlines
        self._write_batcher = WriteBatcher()
        self.traffic = Traffic()

    def url(self, product: str, *segments: str) -> str:
        """Return where ``product`` answers the path of these segments; see ``Hosts.url``."""
        return self._hosts.url(product, *segments)

    async def send(
        self, method: str, url: str, *, gate: Gate, body: bytes = b"", headers: Headers = ()
    ) -> Reply | TransportFailure:
        """Connect, wait at the gate, send, and read the reply, until its deadline is over.

        Every network failure is a value, timeouts (``OSError``) included. Raise only what the gate raises, and
        cancellation. Nothing is repeated here, no redirect followed, and no cookie kept.
        """
        request, pool_key = (
            self._request_builder.build(method, url, headers, body),
            self._request_builder.pool_key(url),
        )
        exchange = Exchange()
        connection: Connection | None = None
        is_whole = False
        try:
            connection = await self._pool.acquire(pool_key)
            is_whole = await exchange.send(connection, request, gate, self._write_batcher, self._deadlines)
        except (
            aiohttp.ClientError,
            HttpProcessingError,
            OSError,
            ConnectionLostBeforeSend,
            NoFinalReply,
        ) as error:
            if exchange.head is None:
                return _failure(error, exchange, url)
        finally:
            if is_whole and connection is not None:
                self._pool.release(pool_key, connection)
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
    request_builder = RequestBuilder(_headers(account, version), proxy=proxy)
    pool, deadlines = ConnectionPool(Connector()), Deadlines(timeout_s)
    try:
        yield Transport(pool, hosts, request_builder, deadlines)
    finally:
        deadlines.close()
        await pool.close()


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


def _failure(error: Exception, exchange: Exchange, url: str) -> TransportFailure:
    host = urlsplit(url).hostname or ""
    if exchange.sent is None and exchange.due is not None:  # it stood, passed the gate, and sent nothing
        error = ConnectionLostBeforeSend()
    cause = classify_exception(error, host, is_sent=exchange.sent is not None)
    ended = exchange.ended()
    return TransportFailure(
        error_code=cause.word,
        error=cause.sentence,
        due=ended if exchange.due is None else exchange.due,
        ended=ended,
        sent=exchange.sent,
        stops_run=cause.stops_run,
    )
