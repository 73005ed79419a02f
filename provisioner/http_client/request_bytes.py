"""Requests as bytes, and the key under which the pool finds a connection for each URL."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache

from aiohttp import ClientRequest, encode_basic_auth
from yarl import URL

Headers = Sequence[tuple[str, str]]
"""HTTP headers as (name, value) pairs, in the order in which they are sent."""
_KEPT = 256
"""Maximum number of URLs whose pool key and request head are cached; the URLs of look-ups occur only once."""


def basic_authorization(username: str, password: str) -> tuple[str, str]:
    """Return the ``Authorization`` header, as a (name, value) pair, for HTTP basic authentication."""
    return ("Authorization", encode_basic_auth(username, password))


class RequestBuilder:
    """Builds the requests of one account, for direct connections or one ``proxy`` (a URL; empty: none).

    ``headers`` are added to every request. They are not set on aiohttp's connector, which would also send them to
    the proxy.
    """

    def __init__(self, headers: Headers, *, proxy: str) -> None:
        self.headers = tuple(headers)
        self.proxy = URL(proxy) if proxy else None
        self._pool_keys: dict[URL, ClientRequest] = {}
        self._head = lru_cache(maxsize=_KEPT)(self._write_head)
        self.pool_key = lru_cache(maxsize=_KEPT)(self._pool_key_request)
        """Return the pool key for a URL: one object for all URLs of one scheme, host and port."""

    def _pool_key_request(self, url: str) -> ClientRequest:
        """Return the request that tells aiohttp where to connect; it is never sent."""
        origin = URL(url).origin()
        if origin not in self._pool_keys:
            loop = asyncio.get_running_loop()
            self._pool_keys[origin] = ClientRequest("GET", origin, proxy=self.proxy, loop=loop)
        return self._pool_keys[origin]

    def build(self, method: str, url: str, headers: Headers, body: bytes) -> bytes:
        """Return head and body of a request as bytes, in the format of RFC 9112; a GET has no body.

        Raise ``ValueError`` when the URL or a header contains a line break or a character outside ASCII.
        """
        head = self._head(method, url, tuple(headers))
        if method == "GET":
            return head + b"\r\n"
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)

    def _write_head(self, method: str, url: str, headers: Headers) -> bytes:
        target = URL(url)
        # For plain http a proxy needs the whole URL in the request line; TLS goes through a CONNECT tunnel.
        is_for_proxy = self.proxy is not None and target.scheme == "http"
        path = str(target) if is_for_proxy else target.raw_path_qs
        host = ("Host", target.host_port_subcomponent or "")
        lines = [f"{name}: {value}" for name, value in (host, *self.headers, *headers)]
        text = "\n".join([f"{method} {path} HTTP/1.1", *lines, ""])
        if not text.isascii() or text.count("\n") != len(lines) + 1 or "\r" in text:
            raise ValueError("a header contains a line break or a character outside ASCII")
        return text.replace("\n", "\r\n").encode()
