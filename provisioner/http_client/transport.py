"""HTTP transport over a pool of connections: each request is sent at most once, when its gate opens."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import msgspec

from provisioner.models import ConnectFailure, Recovery
from provisioner.ports.sending import Gate, SendPermit

from .exchange import ConnectionLostBeforeSend, Exchange, NotHttp, TooManyInterimReplies
from .failures import TransportFailure, classify_exception
from .request_bytes import Headers, RequestBuilder
from .senders import RequestSender, make_sender

_FAILURES = (aiohttp.ClientError, OSError, ConnectionLostBeforeSend, NotHttp, TooManyInterimReplies)
"""What a sender raises when there is no whole reply."""
STALE_AFTER_S = 2.0
"""A connection that stood at the gate for longer than this may be closed by a server that can be reached."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Reply to one request.

    ``body`` holds the bytes that arrived, about 1 MiB at most, also when the reply was cut. ``headers`` is
    case-insensitive. ``due``, ``sent`` and ``ended`` are Unix times in seconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    due: float
    sent: float
    ended: float


class Traffic(msgspec.Struct):
    """Total bytes of request bodies sent and of reply bodies received, without headers."""

    sent: int = 0
    received: int = 0


class Transport:
    """Sends requests over one pool of connections and counts their bytes. Create it with ``open_connections``."""

    def __init__(
        self,
        sender: RequestSender,
        find_url: Callable[..., str],
        permit: SendPermit | None = None,
    ) -> None:
        self._sender, self._find_url, self._permit = sender, find_url, permit
        self.traffic = Traffic()

    def url(self, product: str, *segments: str) -> str:
        """Return the URL of a path of ``product`` (such as ``flex-api``); see ``Hosts.url``."""
        return self._find_url(product, *segments)

    async def send(
        self, method: str, url: str, *, gate: Gate, body: bytes = b"", headers: Headers = ()
    ) -> Reply | TransportFailure:
        """Connect, wait at the gate, send one request, and return its reply or its failure.

        Every network failure is returned as a ``TransportFailure``, time-outs included. A reply whose body was cut
        is returned as a ``Reply``. Raise only the exceptions of the gate, ``asyncio.CancelledError``, and
        ``ValueError`` for a header that HTTP does not allow. There is no retry, no redirect is followed, and no
        cookie is kept.
        """
        exchange = Exchange(self._permit)
        try:
            await self._sender.send(exchange, method, url, gate=gate, body=body, headers=headers)
        except _FAILURES as error:
            if exchange.status is None:
                return _failure(error, exchange, url)
        self.traffic.sent += len(body)
        reply = _reply(exchange)
        self.traffic.received += len(reply.body)
        return reply


@asynccontextmanager
async def open_connections(
    find_url: Callable[..., str],
    headers: Headers,
    *,
    timeout_s: float,
    proxy: str = "",
    permit: SendPermit | None = None,
) -> AsyncIterator[Transport]:
    """Open a pool of connections and yield its transport; close all connections at the end.

    ``find_url`` takes a product and path segments and returns a URL. ``headers`` are added to every request.
    ``timeout_s`` limits each request, in seconds, from the moment its gate opens. ``proxy`` is a URL, or empty.
    No request leaves while ``permit`` is not held; None is no such condition.

    The caller limits the requests in flight. The pool has no limit of its own, so that a request waits at its gate
    and never for a free connection. No setting is read from the environment.
    """
    sender = make_sender(RequestBuilder(headers, proxy=proxy), timeout_s=timeout_s)
    try:
        yield Transport(sender, find_url, permit)
    finally:
        await sender.close()


def _reply(exchange: Exchange) -> Reply:
    status, due, sent = exchange.status, exchange.due, exchange.sent
    if status is None or due is None or sent is None:
        raise RuntimeError("a reply came to a request that was not sent")
    return Reply(
        status=status,
        headers=exchange.headers,
        body=exchange.body,
        due=due,
        sent=sent,
        ended=exchange.ended(),
    )


def _failure(error: Exception, exchange: Exchange, url: str) -> TransportFailure:
    host = urlsplit(url).hostname or ""
    cause = classify_exception(error, host, is_sent=exchange.sent is not None)
    is_lasting = exchange.waited_s <= STALE_AFTER_S and not exchange.is_withheld
    recovery = cause.recovery if is_lasting else Recovery.AT_ONCE
    ended = exchange.ended()
    return TransportFailure(
        error_code=cause.word,
        error=cause.sentence,
        due=ended if exchange.due is None else exchange.due,
        ended=ended,
        sent=exchange.sent,
        stops_run=cause.stops_run,
        connect_failure=None if exchange.sent else ConnectFailure(cause.sentence, cause.cure, recovery),
    )
