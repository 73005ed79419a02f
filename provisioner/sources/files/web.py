"""Download of a web address through fsspec: one GET, of which the end is certain."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

import aiohttp
from fsspec.asyn import sync
from fsspec.implementations.http import HTTPFileSystem

from provisioner.errors import InputError
from provisioner.system.addresses import is_loopback_host
from provisioner.system.os_errors import os_reason

from .spool import Readable

SILENCE_S = 60.0
"""Longest wait, in seconds, for a connection and for the next bytes."""
_CHECK = "check the address, or download it and name the file"
_AGAIN = "run the same command again"


@contextmanager
def open_web(address: str, name: str) -> Iterator[Readable]:
    """Open a web address for one pass of reading; ``name`` is the address without secrets.

    Raise ``InputError`` when it cannot be read, and for plain HTTP, also after a redirect, to another machine.
    """
    _require_private(address, name)
    opened = ExitStack()

    async def new_session(**_: Any) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=SILENCE_S)
        tracing = _Rules(name).tracing()
        headers = {"Accept-Encoding": "identity"}
        session = aiohttp.ClientSession(
            timeout=timeout,
            headers=headers,
            trust_env=True,
            auto_decompress=False,  # compression is detected by the bytes, as that of a file
            trace_configs=[tracing],
        )
        opened.callback(sync, system.loop, session.close)
        return session

    # An address that is quoted already must stay as it is, since signatures cover its characters.
    system = HTTPFileSystem(get_client=new_session, encoded="%" in address, skip_instance_cache=True)
    with opened:
        with _told(name):
            # A size of block 0 asks for a stream, and any size of the file spares a request for it.
            stream = system.open(address, "rb", block_size=0, size=1)
        opened.callback(stream.close)  # a session leaves the connection of a download that was cut
        yield _Download(name, stream)


@dataclass(frozen=True)
class _Download:
    """Stream whose faults are told as ``InputError``."""

    name: str
    stream: Any

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes; empty at the end."""
        with _told(self.name):
            data: bytes = self.stream.read(size)
            return data


@dataclass(frozen=True)
class _Rules:
    """What a redirect and an answer have to keep to."""

    name: str

    def tracing(self) -> aiohttp.TraceConfig:
        """Return hooks for a session, whose exceptions end the request."""
        hooks = aiohttp.TraceConfig()
        hooks.on_request_redirect.append(self._redirected)
        hooks.on_request_end.append(self._answered)
        return hooks

    async def _redirected(self, _session: object, _context: object, params: Any) -> None:
        headers: Mapping[str, str] = params.response.headers
        there = urljoin(str(params.url), headers.get("Location") or headers.get("URI", ""))
        with _closed_if_refused(params.response):
            _require_private(there, self.name)

    async def _answered(self, _session: object, _context: object, params: Any) -> None:
        """Require a status of success, and a length or chunks: else a download that is cut looks whole."""
        with _closed_if_refused(params.response):
            _require_whole(params.response.status, params.response.headers, self.name)


@contextmanager
def _closed_if_refused(response: aiohttp.ClientResponse) -> Iterator[None]:
    """Close a response that is refused inside the context: aiohttp does not where a hook raises."""
    try:
        yield
    except InputError:
        response.close()
        raise


def _require_whole(status: int, headers: Mapping[str, str], name: str) -> None:
    """Raise ``InputError`` for another status than success, and where the end of the answer cannot be known."""
    if status != HTTPStatus.OK:
        _refuse_status(name, status)
    is_chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    if not is_chunked and "Content-Length" not in headers:
        raise InputError(
            "comes without its length, so that a part of it would look whole",
            source=name,
            cure="download it and name the file",
        )


def _require_private(address: str, name: str) -> None:
    """Raise ``InputError`` for plain HTTP to another machine, and for an address that is none."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", None
    if parts is None or not host:
        raise InputError("is not an address that can be called", source=name, cure=_CHECK)
    if parts.scheme.lower() != "https" and not is_loopback_host(host):
        raise InputError(
            "is not encrypted on its way: plain http is for this machine only",
            source=name,
            cure="use https:// from the first address to the last redirect, or download it and name the file",
        )


def _refuse_status(name: str, status: int) -> NoReturn:
    if status == HTTPStatus.NOT_FOUND:
        raise InputError("does not exist", source=name, cure=_CHECK)
    phrase = next((f" {each.phrase}" for each in HTTPStatus if each == status), "")
    is_closed = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    cure = "check the address and its credentials: a signed address may have expired" if is_closed else _CHECK
    raise InputError(f"was answered with {status}{phrase}", source=name, cure=cure)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Raise ``InputError`` for an exception of aiohttp. Their texts are not used: they quote addresses."""
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
        reason, cure = _reason(error)
        raise InputError(f"cannot be read: {reason}", source=name, cure=cure) from None


def _reason(error: Exception) -> tuple[str, str]:
    """Return why a download failed, and what to do."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its host is not known", _CHECK
        case aiohttp.ClientSSLError():
            cure = "check the address, or name its certificate authority in SSL_CERT_FILE"
            return "its TLS certificate is not trusted, or TLS failed", cure
        case aiohttp.ClientConnectorError():
            # asyncio puts the address into the text of the error, so it is made anew of the number.
            return os_reason(OSError(error.errno, None)).lower(), _CHECK
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the download was cut short", _AGAIN
        case TimeoutError():
            return f"nothing came for {SILENCE_S:.0f} s", _AGAIN
        case _:
            return type(error).__name__, _CHECK
