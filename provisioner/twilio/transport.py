"""One HTTP request at a time, over a pool of connections: sent once, at its turn, and never repeated here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import msgspec

from provisioner.ports import Gate

from .credentials import Account
from .evidence import ConnectionGone, Evidence, GatedRequest, current_evidence
from .failures import Failure, explain
from .hosts import Hosts, find_hosts

CONNECT_TIMEOUT_S = 10.0
"""For the name, TCP, the proxy and TLS together."""
KEEPALIVE_S = 15.0
"""How long an idle connection is kept: shorter than servers do, so that ours is seldom closed on us."""
LARGEST_REPLY = 1 << 20


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What came back. ``body`` is what arrived of it, up to ``LARGEST_REPLY`` bytes, also when it was cut.

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
        self,
        session: aiohttp.ClientSession,
        hosts: Hosts,
        headers: Mapping[str, str],
        *,
        timeout_s: float,
        proxy: str,
    ) -> None:
        self._session = session
        self._hosts = hosts
        self._headers = headers
        self._timeout_s = timeout_s
        self._proxy = proxy or None
        self.traffic = Traffic()

    def url(self, product: str, path: str) -> str:
        """Return where ``product`` answers ``path``."""
        return self._hosts.url(product, path)

    async def send(
        self,
        method: str,
        url: str,
        *,
        gate: Gate,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply | Failure:
        """Connect, wait at the gate, send, and read the reply, at most ``timeout_s`` after sending.

        Every network failure is a value. Raise only what the gate raises, and cancellation. A POST is never
        repeated; aiohttp repeats a GET or DELETE once on a stale connection, through the gate again.
        """
        evidence = Evidence(gate, self._timeout_s)
        current_evidence.set(evidence)
        response: aiohttp.ClientResponse | None = None
        parts: list[bytes] = []
        try:
            async with evidence.deadline:
                response = await self._session.request(
                    method,
                    url,
                    data=body,
                    headers={**self._headers, **(headers or {})},
                    proxy=self._proxy,
                    allow_redirects=False,
                )
                await _read(response, parts)
        except (aiohttp.ClientError, OSError, ConnectionGone) as error:  # OSError: every kind of timeout
            if response is None:
                return _failure(error, evidence, url)
        self.traffic.sent += len(body or b"")
        self.traffic.received += sum(map(len, parts))
        return _reply(response, b"".join(parts), evidence)


@asynccontextmanager
async def open_transport(
    account: Account, *, version: str, base_url: str = "", timeout_s: float = 30.0, proxy: str = ""
) -> AsyncIterator[Transport]:
    """Open the pool of connections for ``account``; ``version`` is ours, for the User-Agent.

    How many requests are in flight is the caller's choice: the pool has no limit of its own, so that none
    waits for a connection while it should wait for its turn. Nothing is taken from the environment.
    """
    hosts = find_hosts(region=account.region, edge=account.edge, base_url=base_url, proxy=proxy)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=GatedRequest,
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S),
        trust_env=False,
    ) as session:
        yield Transport(
            session,
            hosts,
            _headers(account, version),
            timeout_s=timeout_s,
            proxy=proxy,
        )


def _headers(account: Account, version: str) -> dict[str, str]:
    """Make what every request carries: not as the session's own headers, since a proxy is sent those too."""
    return {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": aiohttp.encode_basic_auth(account.username, account.password),
        "User-Agent": f"webchat-provisioner/{version}",
    }


async def _read(response: aiohttp.ClientResponse, parts: list[bytes]) -> None:
    """Read the body into ``parts`` until it ends or is too large, so that what arrived outlives a failure.

    A connection whose reply was read to its end goes back to the pool, any other is closed.
    """
    size = 0
    try:
        while not response.content.at_eof() and size < LARGEST_REPLY:
            parts.append(await response.content.readany())
            size += len(parts[-1])
    finally:
        response.close()


def _reply(response: aiohttp.ClientResponse, body: bytes, evidence: Evidence) -> Reply:
    if evidence.due is None or evidence.sent is None:
        raise RuntimeError("a request went past its gate")
    return Reply(
        status=response.status,
        headers=response.headers,
        body=body,
        due=evidence.due,
        sent=evidence.sent,
        ended=evidence.ended(),
    )


def _failure(error: Exception, evidence: Evidence, url: str) -> Failure:
    host = urlsplit(url).hostname or ""
    cause = explain(error, host, is_sent=evidence.sent is not None)
    ended = evidence.ended()
    return Failure(
        error_code=cause.word,
        error=cause.sentence,
        due=ended if evidence.due is None else evidence.due,
        ended=ended,
        sent=evidence.sent,
        stops_run=cause.stops_run,
    )
