"""Where requests go: what finds a connection for them, and the bytes that each begins with."""

import asyncio
from collections.abc import Sequence
from functools import cached_property, lru_cache

from aiohttp import ClientRequest, encode_basic_auth
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

Headers = Sequence[tuple[str, str]]
"""Names and values, in the order they are sent."""
_KEPT = 256
"""URLs whose way and whose head are remembered; those of look-ups come once."""


def basic_authorization(username: str, password: str) -> tuple[str, str]:
    """Return the header of HTTP basic authentication."""
    return ("Authorization", encode_basic_auth(username, password))


class PoolKeyRequest(ClientRequest):
    """An aiohttp ``ClientRequest`` that is used only as the key of the connection pool; it is never sent."""

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """What connections to one place have in common; worked out once, and not for every request."""
        return super().connection_key


class RequestBuilder:
    """The ways of one account, over one proxy or none; ``headers`` are what every request carries.

    They are not the connections' own headers, since a proxy is sent those too.
    """

    def __init__(self, headers: Headers, *, proxy: str) -> None:
        self._headers = tuple(headers)
        self._proxy = URL(proxy) if proxy else None
        self._pool_keys: dict[URL, PoolKeyRequest] = {}
        self._head = lru_cache(maxsize=_KEPT)(self._write_head)
        self.pool_key = lru_cache(maxsize=_KEPT)(self._pool_key_request)
        """Return what leads to the host of a URL."""

    def _pool_key_request(self, url: str) -> PoolKeyRequest:
        origin = URL(url).origin()
        if origin not in self._pool_keys:
            loop = asyncio.get_running_loop()
            self._pool_keys[origin] = PoolKeyRequest("GET", origin, proxy=self._proxy, loop=loop)
        return self._pool_keys[origin]

    def build(self, method: str, url: str, headers: Headers, body: bytes) -> bytes:
        """Return the bytes of a request, in the form of RFC 9112."""
        head = self._head(method, url, tuple(headers))
        if method == "GET":
            return head + b"\r\n"
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)

    def _write_head(self, method: str, url: str, headers: Headers) -> bytes:
        target = URL(url)
        # A proxy that is to carry plain http is asked for the whole URL; TLS goes through a tunnel.
        is_for_proxy = self._proxy is not None and target.scheme == "http"
        path = str(target) if is_for_proxy else target.raw_path_qs
        host = ("Host", target.host_port_subcomponent or "")
        lines = [f"{name}: {value}" for name, value in (host, *self._headers, *headers)]
        text = "\n".join([f"{method} {path} HTTP/1.1", *lines, ""])
        if not text.isascii() or text.count("\n") != len(lines) + 1 or "\r" in text:
            raise ValueError("a header holds what no header can hold")
        return text.replace("\n", "\r\n").encode()
