"""Dashboard: live page and metrics of a run, on loopback by default, with controls protected by a token."""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.log import server_logger

from provisioner.errors import UsageError
from provisioner.models.metric_families import CONTENT_TYPE, metrics_text
from provisioner.monitor.run_metrics import run_families
from provisioner.monitor.run_status import RunStatus
from provisioner.system.addresses import is_loopback_host
from provisioner.system.os_errors import bind_reason

from .controls import MOST_BODY, NO_CONTROLS, ControlRequests, Controls, ControlState
from .listen_address import ListenAddress
from .live import fragments, live_page
from .live_recorder import LiveRecorder
from .page_server import PageProtocol, add_headers, host_of_header

REFRESH_S = 1.0
"""Seconds between two updates of an open page."""
QUIET_S = 20.0
"""Seconds between two empty lines of a stream that only waits for the end; proxies close idle connections."""
GRACE_S = 0.5
"""Seconds that open pages may delay the end of the dashboard."""
MOST_STREAMS = 20
"""Most event streams at once; a browser needs one or two, however many pages it has open."""
_PROTOCOL: dict[str, Any] = {"access_log": None, "lingering_time": 1.0}
"""Options of the protocol: no access log, and at most 1 s for the rest of a refused request's body."""


@asynccontextmanager
async def open_dashboard(
    listen_address: ListenAddress,
    status: Callable[[], RunStatus],
    recorder: LiveRecorder,
    controls: Controls,
) -> AsyncIterator[str]:
    """Serve the dashboard until the context ends, and yield its URL, which holds the token of the controls.

    ``status`` returns the state of the run; open pages keep the one that it returns at the end of the context.
    Raise ``UsageError`` when the port is not available.
    """
    board = Dashboard(listen_address, status, recorder, controls)
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
    """HTTP handlers of the page, of its event streams, of its controls, and of the metrics."""

    def __init__(
        self,
        listen_address: ListenAddress,
        status: Callable[[], RunStatus],
        recorder: LiveRecorder,
        controls: Controls,
    ) -> None:
        self._listen_address, self._status = listen_address, status
        self._recorder, self._controls = recorder, controls
        self._closing = asyncio.Event()
        self._streams = 0
        self._made, self._made_at = b"", -math.inf
        self.token = secrets.token_urlsafe(24)

    def application(self) -> web.Application:
        """Return the aiohttp application with all routes."""
        app = web.Application(middlewares=[self._guard], client_max_size=MOST_BODY)
        app.on_response_prepare.append(add_headers)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/events", self._events, allow_head=False),
                web.get("/result", self._result, allow_head=False),
                web.get("/metrics", self._metrics),
                web.post("/control", ControlRequests(self._controls, self.token).handle),
            ]
        )
        return app

    def close(self) -> None:
        """End the event streams; each tells the state of the run a last time."""
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
        text = live_page(self._status(), self._recorder, self._control_state())
        body = text.encode(errors="replace")  # file names may hold bytes that are not UTF-8
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = metrics_text(run_families(self._status())).encode(errors="replace")
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Tell the state of the run every second, and at its end."""
        return await self._placed(request, REFRESH_S, self._data)

    async def _result(self, request: web.Request) -> web.StreamResponse:
        """Tell the state of the run at its end only, for pages that nobody sees."""
        return await self._placed(request, QUIET_S, lambda: b":\n\n")

    async def _placed(
        self, request: web.Request, every_s: float, message: Callable[[], bytes]
    ) -> web.StreamResponse:
        if self._streams >= MOST_STREAMS:
            return web.Response(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                text=f"{MOST_STREAMS} pages follow the run already\n",
                headers={"Retry-After": "5"},
            )
        self._streams += 1
        try:
            return await self._stream(request, every_s, message)
        finally:
            self._streams -= 1

    async def _stream(
        self, request: web.Request, every_s: float, message: Callable[[], bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.force_close()
        with suppress(ConnectionError):  # the page was closed
            await response.prepare(request)
            while not self._closing.is_set():
                await response.write(message())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), every_s)
            await response.write(b"event: end\n" + self._data())
        return response

    def _data(self) -> bytes:
        """Return the changing parts as an event; made at most twice a second, and shared by all open pages."""
        now, is_over = time.monotonic(), self._closing.is_set()
        if is_over or now - self._made_at > REFRESH_S / 2:
            told = {
                "parts": fragments(self._status(), self._recorder),
                "controls": self._control_state(),
            }
            self._made, self._made_at = b"data: " + msgspec.json.encode(told) + b"\n\n", now
        return self._made

    def _control_state(self) -> ControlState:
        return NO_CONTROLS if self._closing.is_set() else self._controls.state()
