"""HTTP application: authenticates a request, applies limits and faults, and sends the reply."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from secrets import token_hex

from aiohttp import web
from aiohttp.log import server_logger

from .access import Authenticator
from .call import Call
from .content_encoding import decode_body, too_large
from .conversation_endpoints import ConversationEndpoints
from .fault_effects import UNREAD, break_unread
from .faults import FaultName, FaultRule, random_unit
from .inspection import PREFIX, Inspection
from .interaction_endpoints import InteractionEndpoints
from .lookups import ListEndpoints
from .message_endpoints import MessageEndpoints
from .replies import ApiError, BrokenReply, Reply
from .routes import (
    CHANNEL,
    CHANNELS,
    CONFIGURATION,
    CONVERSATION,
    CONVERSATIONS,
    MESSAGE,
    MESSAGES,
    PARTICIPANT,
    PARTICIPANT_CONVERSATIONS,
    PARTICIPANTS,
    TASKS,
    USER,
    WEBCHATS,
    Route,
    read_route,
)
from .state import SimulatorState
from .user_endpoints import UserEndpoints
from .webchats import WebChats
from .wire import break_off, respond

Endpoint = Callable[[Call], Reply | BrokenReply]


class Application:
    """HTTP request handler of one simulated account.

    ``refuse`` closes the port for a number of seconds. ``is_remote`` says that the server listens for other
    machines too.
    """

    def __init__(self, state: SimulatorState, refuse: Callable[[float], None], *, is_remote: bool) -> None:
        self._state = state
        self._settings = state.settings
        self._refuse = refuse
        self._inspection = Inspection(state, is_remote=is_remote)
        self._authenticator = Authenticator(state.settings, state.keys)
        self._worked = 0
        self._endpoints = endpoints_of(state)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, or break off its connection."""
        path, _, query = request.raw_path.partition("?")
        if path.startswith(PREFIX):
            return respond(self._inspection.answer(request.headers.get("Host", ""), path, query), {})
        started = self._state.clock.steady()
        route = read_route(path)
        answer = "unanswered"
        self._state.begin()
        try:
            outcome = await self._decide(request, route)
            if outcome.delay_s:
                await asyncio.sleep(outcome.delay_s)
            if isinstance(outcome, BrokenReply):
                answer = "broken_off"
                if outcome.refuse_s:
                    self._refuse(outcome.refuse_s)
                return break_off(request, outcome)
            answer = f"{outcome.status}/{outcome.code}" if outcome.code else str(outcome.status)
            return respond(outcome, self._tracing_headers(started))
        except (ConnectionError, web.RequestPayloadError):
            # The client closed the connection while it was still sending.
            return web.Response()
        except Exception:  # noqa: BLE001 - in Python's debug mode aiohttp would answer with the traceback and its text
            server_logger.exception("Error handling request")
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        finally:
            endpoint = f"{request.method} {route.template}" if route.template in self._endpoints else "other"
            self._state.end(endpoint, answer)

    async def _decide(self, request: web.BaseRequest, route: Route) -> Reply | BrokenReply:
        number, fault = self._draw(route.template, request.method)
        if fault is not None and fault.name in UNREAD:
            self._state.fire(fault)
            return break_unread(fault)
        try:
            body = await _read(request)
            is_preflight = (route.template, request.method) == (WEBCHATS, "OPTIONS")
            # A browser sends no credentials with its question.
            account = "" if is_preflight else self._authenticator.authenticate(request.headers)
            endpoint = self._find(request, route.template)
            if not is_preflight:
                self._hold_to_limits(account, route.template, request.method)
            await self._work(fault)
            path, _, query = _as_text(request.raw_path).partition("?")
            origin = _as_text(f"http://{request.headers.get('Host', '')}")
            service = self._settings.service_sid
            return endpoint(
                Call(path, query, request.headers, body, origin, account, service, route, number, fault)
            )
        except ApiError as error:
            return error.reply(as_problem=self._settings.problem_details)

    def _draw(self, template: str, method: str) -> tuple[int, FaultRule | None]:
        """Return the request's number and its fault; requests that meet no faults have number 0.

        Only WebChats requests and posted messages are numbered and may meet a fault.
        """
        if (template, method) == (WEBCHATS, "POST"):
            number = self._state.number_webchat()
            return number, self._state.script.for_webchat(number)
        if (template, method) == (MESSAGES, "POST"):
            number = self._state.number_message()
            return number, self._state.script.for_message(number)
        return 0, None

    def _find(self, request: web.BaseRequest, template: str) -> Endpoint:
        methods = self._endpoints.get(template)
        if methods is None:
            raise ApiError(404, 20404, "The requested resource was not found")
        endpoint = methods.get(request.method)
        if endpoint is None:
            raise ApiError(405, 20004, "Method not allowed", {"Allow": ", ".join(methods)})
        return endpoint

    def _hold_to_limits(self, account: str, template: str, method: str) -> None:
        if 0 < self._settings.concurrency_limit < self._state.in_progress:
            raise ApiError(429, 20429, "Too many concurrent requests")
        if template == WEBCHATS and not self._state.admits("webchats", account, self._settings.rate_limit):
            raise ApiError(429, 45780, "Too many WebChats requests")
        if method == "GET":
            self._fail_lookup()

    def _fail_lookup(self) -> None:
        fault = self._state.script.for_lookup(self._state.number_lookup())
        if fault is None:
            return
        self._state.fire(fault)
        if fault.name is FaultName.LOOKUP_THROTTLED:
            raise ApiError(429, 20429, "Too many requests")
        raise ApiError(500, 20500, "Internal server error")

    async def _work(self, fault: FaultRule | None) -> None:
        delay_s = self._settings.latency_ms / 1000
        if self._settings.jitter_ms:
            self._worked += 1
            place = random_unit(self._state.script.seed, "latency", self._worked)
            delay_s += (2 * place - 1) * self._settings.jitter_ms / 1000
        if fault is not None and fault.name is FaultName.LATE_CREATION:
            delay_s += fault.duration_s
        if delay_s:
            await asyncio.sleep(delay_s)

    def _tracing_headers(self, started: float) -> dict[str, str]:
        return {
            "Twilio-Request-Id": f"RQ{token_hex(16)}",
            "Twilio-Concurrent-Requests": str(self._state.in_progress),
            "Twilio-Request-Duration": f"{self._state.clock.steady() - started:.3f}",
        }


def endpoints_of(state: SimulatorState) -> dict[str, dict[str, Endpoint]]:
    """Return the endpoints by the template of their path and by method."""
    webchats, lists = WebChats(state), ListEndpoints(state)
    conversations, messages = ConversationEndpoints(state), MessageEndpoints(state)
    users, interactions = UserEndpoints(state), InteractionEndpoints(state)
    return {
        WEBCHATS: {"POST": webchats.create, "OPTIONS": webchats.preflight},
        PARTICIPANT_CONVERSATIONS: {"GET": lists.of_participant},
        CONVERSATIONS: {"GET": lists.by_date},
        CONVERSATION: {"GET": conversations.fetch, "POST": conversations.update, "DELETE": conversations.delete},
        PARTICIPANTS: {"GET": conversations.list_participants},
        PARTICIPANT: {"GET": conversations.fetch_participant},
        MESSAGES: {"GET": messages.list, "POST": messages.post},
        MESSAGE: {"GET": messages.fetch},
        USER: {"GET": users.fetch, "DELETE": users.delete},
        CONFIGURATION: {"GET": interactions.configuration},
        TASKS: {"GET": interactions.list_tasks},
        CHANNELS: {"GET": interactions.list_channels},
        CHANNEL: {"GET": interactions.fetch_channel, "POST": interactions.update_channel},
    }


async def _read(request: web.BaseRequest) -> bytes:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    return decode_body(body, request.headers.get("Content-Encoding", ""))


def _as_text(raw: str) -> str:
    """Return text of the connection with U+FFFD for bytes that are not UTF-8, so that an answer can hold it."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
