"""What the live page's server lets in and what it tells of itself, whatever is asked for."""

import hmac
import re
from ipaddress import ip_address

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
"""What every answer carries: nothing of it is framed, guessed at, referred to, embedded or kept."""

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s\[\]:@/]+)(?::\d{1,5})?")


def is_loopback_host(host: str) -> bool:
    """Say whether ``host``, a name or an address without a port, is this machine under a name of its own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of_header(header: str) -> str:
    """Return the host that a ``Host`` header names, in lower case; empty where it names none.

    The port, the brackets of an IPv6 address and the dot after a complete name are no part of it.
    """
    found = _HOST.fullmatch(header)
    return found["name"].strip("[]").lower().removesuffix(".") if found else ""


def is_token(given: str, token: str) -> bool:
    """Compare in constant time; headers may hold bytes that are no UTF-8."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer carries and take out which software answers; for ``on_response_prepare``."""
    response.headers.update(HEADERS)
    response.headers.popall("Server", None)


class PageProtocol(web.RequestHandler):
    """aiohttp's protocol, but what is not HTTP, or fails, is answered without a traceback in answer or log."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; it may repeat what was sent
    ) -> web.StreamResponse:
        """Answer with the status alone, and close the connection."""
        if status >= 500:  # noqa: PLR2004 - a fault of ours
            event_logger().error("dashboard.failed", error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("part of the answer was sent already")
        # aiohttp adds its version where there is no such header, and this answer passes no signal.
        headers = {**HEADERS, "Server": "provisioner"}
        response = web.Response(status=status, text="not understood\n", headers=headers)
        response.force_close()
        return response
