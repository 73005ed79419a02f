"""Controls of the dashboard: what a page may ask for, who may ask, and what the run does then."""

import asyncio
from http import HTTPStatus
from typing import Literal, Protocol

import msgspec
from aiohttp import web

from provisioner.errors import UsageError
from provisioner.system.event_log import event_logger

from .page_server import is_token

MOST_BODY = 1024
"""Most bytes of a request to the controls."""
_TOO_LARGE = f"more than {MOST_BODY} bytes"
BODY_S = 10.0
"""Seconds that the body of a request to the controls may take to arrive."""


class ControlState(msgspec.Struct, frozen=True, kw_only=True):
    """What the controls would do at present: each is True while its action changes something.

    ``rate`` is the requested rate as ``set_rate`` takes it, empty where there is no limit.
    """

    pause: bool = False
    resume: bool = False
    set_rate: bool = False
    stop: bool = False
    rate: str = ""


NO_CONTROLS = ControlState()
"""State of the controls of a run that is over."""


class Controls(Protocol):
    """Actions of the dashboard on the run."""

    def state(self) -> ControlState:
        """Return which actions would change something now."""
        ...

    def pause(self) -> None:
        """Start no new rows until ``resume``."""
        ...

    def resume(self) -> None:
        """Start rows again."""
        ...

    def set_rate(self, rate: str) -> None:
        """Change the rate, written like ``--rate``; raise ``UsageError`` for a text that is not a valid rate."""
        ...

    def stop(self) -> None:
        """Start no new rows, and end the run when what is in flight is finished; a second call changes nothing."""
        ...


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request of a page to the controls; ``rate`` is used with the action ``rate`` only."""

    action: Literal["pause", "resume", "rate", "stop"]
    rate: str = ""


_SAID = {
    "pause": "paused: nothing new is started",
    "resume": "resumed",
    "stop": "stopping: nothing new is started, what is in flight is finished",
}


class RefusedError(Exception):
    """Raised for a request that the controls do not accept; its text is the error of the answer."""

    def __init__(self, status: HTTPStatus, error: str) -> None:
        super().__init__(error)
        self.status = status


class ControlRequests:
    """HTTP handler of the requests to ``controls``; each needs ``token``."""

    def __init__(self, controls: Controls, token: str) -> None:
        self._controls, self._token = controls, token
        self._log = event_logger()

    async def handle(self, request: web.Request) -> web.Response:
        """Do what is asked, and answer with a sentence about it or with an error."""
        try:
            asked = await self._asked(request)
            said = self._obey(asked)
            return web.json_response({"said": said, "controls": msgspec.to_builtins(self._controls.state())})
        except RefusedError as refused:
            status, error = refused.status, str(refused)
        except UsageError as refused:
            status, error = HTTPStatus.BAD_REQUEST, f"{refused.message}: {refused.cure}"
        response = web.json_response({"error": error}, status=status)
        response.force_close()  # the rest of the body is not read
        return response

    async def _asked(self, request: web.Request) -> Asked:
        if not is_token(request.headers.get("X-Token", ""), self._token):
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
        rate = asked.rate if asked.action == "rate" else ""
        said = _SAID.get(asked.action, f"the pace is {rate} now")
        match asked.action:
            case "pause":
                self._controls.pause()
            case "resume":
                self._controls.resume()
            case "stop":
                self._controls.stop()
            case "rate":
                self._controls.set_rate(rate)
        self._log.warning("dashboard.controlled", action=asked.action, rate=rate)
        return said
