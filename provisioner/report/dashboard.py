"""The live page of a run: served on loopback while the run goes, with controls behind a token."""

import asyncio
import hmac
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Protocol

import structlog
from aiohttp import web

from provisioner.errors import UsageError

from .live import fragments, live_page
from .tape import Tape

REFRESH_S = 1.0
GRACE_S = 0.5
"""How long pages that are still open may hold the end up."""


class Controls(Protocol):
    """What the page may do to the run."""

    def pause(self) -> None:
        """Start nothing new until ``resume``."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    def set_rate(self, rate: str) -> None:
        """Change the pace asked for; raise ``UsageError`` for what is no rate."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is served. ``is_public`` lets other machines in."""

    host: str
    port: int
    is_public: bool = False


def parse_place(text: str, *, is_public: bool) -> Place:
    """Read ``PORT`` or ``HOST:PORT``; another host than this machine needs ``is_public``."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:  # noqa: PLR2004 - the highest port there is
        raise UsageError(f"--dashboard {text!r} is not a place", cure="write it as 8080 or 127.0.0.1:8080")
    if not is_public and not _is_loopback(host):
        raise UsageError(
            f"--dashboard {text!r} would let other machines in",
            cure="leave the host away, or add --dashboard-public",
        )
    return Place(host, int(port), is_public)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@asynccontextmanager
async def open_dashboard(
    place: Place, title: str, snapshot: Callable[[], Any], tape: Tape, controls: Controls
) -> AsyncIterator[str]:
    """Serve the page until the context ends, and yield its address, which holds the token of the controls.

    ``snapshot`` gives the run's progress. Raise ``UsageError`` when the port cannot be had.
    """
    board = Dashboard(place, title, snapshot, tape, controls)
    runner = web.AppRunner(board.application(), access_log=None, shutdown_timeout=GRACE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, place.host, place.port)
        try:
            await site.start()
        except OSError as error:
            raise UsageError(
                f"the dashboard cannot have port {place.port} of {place.host}: {error.strerror}",
                cure="name another port with --dashboard; 0 takes a free one",
            ) from error
        port = runner.addresses[0][1]
        shown = f"[{place.host}]" if ":" in place.host else place.host
        yield f"http://{shown}:{port}/#{board.token}"
    finally:
        board.close()
        await runner.cleanup()


class Dashboard:
    """The page, its stream of events, and its controls."""

    def __init__(
        self, place: Place, title: str, snapshot: Callable[[], Any], tape: Tape, controls: Controls
    ) -> None:
        self._place, self._title = place, title
        self._snapshot, self._tape, self._controls = snapshot, tape, controls
        self._closing = asyncio.Event()
        self._made, self._made_at = b"", -math.inf
        self._log = structlog.get_logger().bind()
        self.token = secrets.token_urlsafe(24)

    def application(self) -> web.Application:
        """Return what aiohttp serves."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/events", self._events),
                web.post("/control", self._control),
            ]
        )
        return app

    def close(self) -> None:
        """End the streams."""
        self._closing.set()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answer only to this machine's own names, or a page elsewhere could point its name here."""
        host = request.host.rsplit(":", 1)[0].strip("[]") if request.host else ""
        if not self._place.is_public and not _is_loopback(host):
            return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST, text="not this host\n")
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, _request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(12)
        text = live_page(self._title, self._snapshot(), self._tape, nonce=nonce)
        return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        with suppress(ConnectionError):  # the page was closed
            while True:
                is_last = self._closing.is_set()
                await response.write(self._event(is_fresh=is_last))
                if is_last:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), REFRESH_S)
        return response

    def _event(self, *, is_fresh: bool) -> bytes:
        """Return what is sent to every page in the same second: it is made once, so that many hold nothing up."""
        now = time.monotonic()
        if is_fresh or now - self._made_at > REFRESH_S / 2:
            text = json.dumps(fragments(self._snapshot(), self._tape))
            self._made, self._made_at = f"data: {text}\n\n".encode(), now
        return self._made

    async def _control(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("X-Token", "").encode(), self.token.encode()):
            return web.json_response({"error": "the token is missing or wrong"}, status=HTTPStatus.FORBIDDEN)
        try:
            asked = await request.json()
            said = self._obey(str(asked.get("action")), str(asked.get("rate", "")))
        except (ValueError, AttributeError):
            return web.json_response({"error": "not understood"}, status=HTTPStatus.BAD_REQUEST)
        except UsageError as error:
            return web.json_response({"error": f"{error.message}: {error.cure}"}, status=HTTPStatus.BAD_REQUEST)
        self._log.warning("dashboard.controlled", action=asked["action"], rate=asked.get("rate", ""))
        return web.json_response({"said": said})

    def _obey(self, action: str, rate: str) -> str:
        match action:
            case "pause":
                self._controls.pause()
                return "paused: nothing new is started"
            case "resume":
                self._controls.resume()
                return "going on"
            case "rate":
                self._controls.set_rate(rate)
                return f"the pace is {rate} now"
        raise ValueError(action)
