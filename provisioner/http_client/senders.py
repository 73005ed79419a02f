"""The two ways of sending requests, and the choice between them."""

from functools import cache
from typing import Protocol

import aiohttp
import structlog

from provisioner.ports.sending import Gate

from .exchange import Exchange
from .request_bytes import Headers, RequestBuilder


class RequestSender(Protocol):
    """Sends requests, each at most once."""

    async def send(
        self, exchange: Exchange, method: str, url: str, *, gate: Gate, body: bytes, headers: Headers
    ) -> None:
        """Connect, wait at the gate, send one request, and read its reply into ``exchange``.

        Reading stops at ``MAX_REPLY_BYTES`` bytes. Raise the exceptions of the gate, aiohttp's exceptions and
        ``OSError`` when no connection can be opened or it is lost, ``ConnectionLostBeforeSend``, ``NotHttp``,
        ``TooManyInterimReplies``, and ``TimeoutError``. Whether the request was sent is told by ``exchange`` and
        never by the type of the exception.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


def make_sender(request_builder: RequestBuilder, *, timeout_s: float) -> RequestSender:
    """Return the fastest sender that works with the installed aiohttp; warn once where that is not the usual one.

    Must be called inside a running event loop.
    """
    try:
        from .pooled_sender import PooledSender  # noqa: PLC0415 - it needs names that another aiohttp may lack
    except ImportError as error:
        missing: tuple[str, ...] = (error.name or "aiohttp",)
    else:
        from .connection import missing_names  # noqa: PLC0415 - the same

        missing = missing_names()
        if not missing:
            return PooledSender(request_builder, timeout_s=timeout_s)
    from .session_sender import SessionSender  # noqa: PLC0415 - seldom needed

    _warn(missing)
    return SessionSender(request_builder, timeout_s=timeout_s)


@cache
def _warn(missing: tuple[str, ...]) -> None:
    structlog.get_logger().warning(
        "http.slow_path",
        aiohttp=aiohttp.__version__,
        missing=", ".join(missing),
        hint="requests open a connection each; install the aiohttp of requirements.lock",
    )
