"""Dashboard: the live page of a run, on loopback by default, with controls protected by a token."""

import asyncio
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Protocol

import msgspec
from aiohttp import web
from aiohttp.log import server_logger

from provisioner.errors import UsageError
from provisioner.system.addresses import is_loopback_host
from provisioner.system.event_log import event_logger
from provisioner.system.os_errors import bind_reason

from .live import fragments, live_page
from .live_recorder import LiveRecorder
from .page_server import PageProtocol, add_headers, host_of_header, is_token

REFRESH_S = 1.0
"""Seconds between two updates of an open page."""
GRACE_S = 0.5
"""Seconds that open pages may delay the end of the dashboard."""
MOST_STREAMS = 20
"""Most event streams at once; a browser needs one, however many pages it has open."""
MOST_BODY = 1024
"""Most bytes of a request to the controls."""
_TOO_LARGE = f"more than {MOST_BODY} bytes"
BODY_S = 10.0
"""Seconds that the body of a request to the controls may take to arrive."""
_PROTOCOL: dict[str, Any] = {"access_log": None, "lingering_time": 1.0}
"""Options of the protocol: no access log, and at most 1 s for the rest of a refused request's body."""


class Controls(Protocol):
    """Actions of the dashboard on the run."""

    def pause(self) -> None:
        """Start no new rows until ``resume``."""
        ...

    def resume(self) -> None:
        """Start rows again."""
        ...

    def set_rate(self, rate: str) -> None:
        """Change the rate, written like ``--rate``; raise ``UsageError`` for a text that is not a valid rate."""
        ...


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request of a page to the controls; ``rate`` is used with the action ``rate`` only."""

    action: Literal["pause", "resume", "rate"]
    rate: str = ""


class RefusedError(Exception):
    """Raised for a request that the controls do not accept; its text is the error of the answer."""

    def __init__(self, status: HTTPStatus, error: str) -> None:
        super().__init__(error)
        self.status = status


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Address that the dashboard listens on. ``is_public`` allows hosts that other machines reach."""

    host: str
    port: int
    is_public: bool = False

    @property
    def caution(self) -> str:
        """Warning for an address that other machines reach; empty for loopback."""
        if is_loopback_host(self.host):
            return ""
        return (
            f"other machines reach the dashboard at {self.host}: whoever does sees the run, and nothing is "
            "encrypted, the token neither; put a proxy with TLS before it"
        )


def parse_listen_address(text: str, *, is_public: bool) -> ListenAddress:
    """Return the address written as ``PORT`` or ``HOST:PORT``; the default host is 127.0.0.1.

    Raise ``UsageError`` for any other text, and without ``is_public`` for a host that is not loopback.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdecimal()) or len(port) > 5 or int(port) > 65535:  # noqa: PLR2004 - the highest
        raise UsageError(
            f"--dashboard {text[:80]!r} is not a port or a host with a port",
            cure="write it as 8080 or 127.0.0.1:8080; ports go from 0, which is any free one, to 65535",
        )
    if not is_public and not is_loopback_host(host):
        raise UsageError(
            f"--dashboard {text!r} would let other machines in",
            cure="omit the host, or add --dashboard-public",
        )
    return ListenAddress(host, int(port), is_public)


@asynccontextmanager
async def open_dashboard(
    listen_address: ListenAddress,
    title: str,
    snapshot: Callable[[], Any],
    recorder: LiveRecorder,
    controls: Controls,
) -> AsyncIterator[str]:
    """Serve the dashboard until the context ends, and yield its URL, which holds the token of the controls.

    ``snapshot`` returns the progress of the run. Raise ``UsageError`` when the port is not available.
    """
    board = Dashboard(listen_address, title, snapshot, recorder, controls)
    # With handler_cancellation, a closed connection ends its stream at once and frees its place.
    runner = web.AppRunner(board.application(), handler_cancellation=True, shutdown_timeout=GRACE_S)
    await runner.setup()
    try:
        listener = await _listen(listen_address, runner)
        try:
            port = listener.sockets[0].getsockname()[1]
            shown = f"[{listen_address.host}]" if ":" in listen_address.host else listen_address.host
            yield f"http://{shown}:{port}/#{board.token}"
        finally:
            listener.close()
            board.close()
    finally:
        await runner.cleanup()


async def _listen(listen_address: ListenAddress, runner: web.AppRunner) -> asyncio.Server:
    loop, server = asyncio.get_running_loop(), runner.server
    if server is None:
        raise RuntimeError("the runner was not set up")
    try:
        return await loop.create_server(
            lambda: PageProtocol(server, loop=loop, **_PROTOCOL), listen_address.host, listen_address.port
        )
    except OSError as error:
        raise UsageError(
            f"the dashboard cannot use port {listen_address.port} of {listen_address.host}: {bind_reason(error)}",
            cure="name another port with --dashboard; 0 takes a free one",
        ) from error


class Dashboard:
    """HTTP handlers of the page, of its event stream, and of its controls."""

    def __init__(
        self,
        listen_address: ListenAddress,
        title: str,
        snapshot: Callable[[], Any],
        recorder: LiveRecorder,
        controls: Controls,
    ) -> None:
        self._listen_address, self._title = listen_address, title
        self._snapshot, self._recorder, self._controls = snapshot, recorder, controls
        self._closing = asyncio.Event()
        self._streams = 0
        self._made, self._made_at = "", -math.inf
        self._log = event_logger()
        self.token = secrets.token_urlsafe(24)

    def application(self) -> web.Application:
        """Return the aiohttp application with all routes."""
        app = web.Application(middlewares=[self._guard], client_max_size=MOST_BODY)
        app.on_response_prepare.append(add_headers)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/events", self._events, allow_head=False),
                web.post("/control", self._control),
            ]
        )
        return app

    def close(self) -> None:
        """End the event streams."""
        self._closing.set()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse requests under a foreign host name, or a foreign web page could read the dashboard by DNS."""
        if not self._listen_address.is_public and not is_loopback_host(
            host_of_header(request.headers.get("Host", ""))
        ):
            return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST, text="not this host\n")
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPException:
            raise
        except Exception:  # noqa: BLE001 - in Python's debug mode aiohttp would answer with the traceback and its text
            server_logger.exception("Error handling request")
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, text="internal error\n")
        return response

    async def _page(self, _request: web.Request) -> web.Response:
        text = live_page(self._title, self._snapshot(), self._recorder)
        body = text.encode(errors="replace")  # file names may hold bytes that are not UTF-8
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._streams >= MOST_STREAMS:
            return web.Response(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                text=f"{MOST_STREAMS} pages follow the run already\n",
                headers={"Retry-After": "5"},
            )
        self._streams += 1
        try:
            return await self._stream(request)
        finally:
            self._streams -= 1

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.force_close()
        with suppress(ConnectionError):  # the page was closed
            await response.prepare(request)
            while not self._closing.is_set():
                await response.write(f"data: {self._parts(is_fresh=False)}\n\n".encode())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), REFRESH_S)
            await response.write(f"data: {self._parts(is_fresh=True)}\nevent: end\n\n".encode())
        return response

    def _parts(self, *, is_fresh: bool) -> str:
        """Return the changing parts as JSON; made at most twice a second, and shared by all open pages."""
        now = time.monotonic()
        if is_fresh or now - self._made_at > REFRESH_S / 2:
            self._made, self._made_at = json.dumps(fragments(self._snapshot(), self._recorder)), now
        return self._made

    async def _control(self, request: web.Request) -> web.Response:
        try:
            asked = await self._asked(request)
            return web.json_response({"said": self._obey(asked)})
        except RefusedError as refused:
            status, error = refused.status, str(refused)
        except UsageError as refused:
            status, error = HTTPStatus.BAD_REQUEST, f"{refused.message}: {refused.cure}"
        response = web.json_response({"error": error}, status=status)
        response.force_close()  # the rest of the body is not read
        return response

    async def _asked(self, request: web.Request) -> Asked:
        if not is_token(request.headers.get("X-Token", ""), self.token):
            raise RefusedError(HTTPStatus.FORBIDDEN, "the token is missing or wrong")
        if request.content_type != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send it as application/json")
        if (request.content_length or 0) > MOST_BODY:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
        try:
            async with asyncio.timeout(BODY_S):
                return msgspec.json.decode(await request.read(), type=Asked)
        except web.HTTPRequestEntityTooLarge as error:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE) from error
        except TimeoutError as error:
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "it took too long to arrive") from error
        except (msgspec.MsgspecError, ValueError) as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "not understood") from error

    def _obey(self, asked: Asked) -> str:
        rate, said = "", f"the pace is {asked.rate} now"
        if asked.action == "pause":
            self._controls.pause()
            said = "paused: nothing new is started"
        elif asked.action == "resume":
            self._controls.resume()
            said = "resumed"
        else:
            rate = asked.rate
            self._controls.set_rate(rate)
        self._log.warning("dashboard.controlled", action=asked.action, rate=rate)
        return said
