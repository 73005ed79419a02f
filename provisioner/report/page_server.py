"""Checks and headers of the dashboard's server: hosts, token, and errors."""

import hmac
import re

from aiohttp import web

from provisioner.system.event_log import event_logger

from .page import LIVE_POLICY

HEADERS = {
    "Content-Security-Policy": f"{LIVE_POLICY}; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer: no framing, no content sniffing, no referrer, no embedding, no caching."""

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s\[\]:@/]+)(?::\d{1,5})?")


def host_of_header(header: str) -> str:
    """Return the host of a ``Host`` header in lower case; empty for an invalid header.

    The port, the brackets of an IPv6 address and the dot at the end of a complete name are removed.
    """
    found = _HOST.fullmatch(header)
    return found["name"].strip("[]").lower().removesuffix(".") if found else ""


def is_token(given: str, token: str) -> bool:
    """Return whether two tokens are equal, compared in constant time; a header may hold any bytes."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add ``HEADERS`` to a response and remove ``Server``; a handler of aiohttp's ``on_response_prepare``."""
    response.headers.update(HEADERS)
    response.headers.popall("Server", None)


class PageProtocol(web.RequestHandler):
    """aiohttp's protocol, except that invalid HTTP and failures are answered and logged without traceback."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; it may repeat what was sent
    ) -> web.StreamResponse:
        """Return an answer with the status alone, and close the connection.

        Raise ``ConnectionError`` when a part of the answer was already sent.
        """
        if status >= 500:  # noqa: PLR2004 - a fault of ours
            event_logger().error("dashboard.failed", error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("part of the answer was sent already")
        # aiohttp adds its version if the header is absent, and on_response_prepare is not called for this answer.
        headers = {**HEADERS, "Server": "provisioner"}
        response = web.Response(status=status, text="not understood\n", headers=headers)
        response.force_close()
        return response
