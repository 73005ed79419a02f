"""Ending conversations: closed, deleted, or with a timer that closes them. It creates nothing.

Source: the Conversations API, resource Conversations. Closing is final. What was closed or deleted before is
answered with an error that says so, so every call here may be repeated.
"""

import math
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec
from msgspec import structs

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply, Transport
from provisioner.models import Verdict
from provisioner.models.closing import CloseResult, CloseStatus
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate
from provisioner.twilio.errors.error_table import ReplyClassification
from provisioner.twilio.errors.reply_parsing import decode, read_error_code, read_request_id
from provisioner.twilio.errors.webchat_errors import classify_webchat_reply

from .webchats import FORM

SHORTEST_TIMER_S = 600.0
"""The least that Twilio's documentation names (also with error 50376); no request to Twilio has tried it."""
_NOT_FOUND = {20404, 50350}
_IS_CLOSED = 50377
_FORBIDDEN = "the API key may not change conversations: use a Standard API key of this account"
_NO_ENDPOINT = "Twilio's API is not at this address: check --base-url and the region"


class _State(msgspec.Struct, gc=False):
    state: str


_STATE = msgspec.json.Decoder(_State)


class ClosingClient:
    """Ends conversations, one attempt at a time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def close(self, sid: str, gate: Gate) -> CloseResult:
        """Close a conversation for good, by ``State=closed``; a participant can write into it no more."""
        came = await self._post(sid, gate, {"State": "closed"})
        return _transport_failure_result(came) if isinstance(came, TransportFailure) else _read_close_reply(came)

    async def delete(self, sid: str, gate: Gate) -> CloseResult:
        """Delete a conversation with its messages; there is no way back."""
        came = await self._transport.send("DELETE", self._url(sid), gate=gate)
        return _transport_failure_result(came) if isinstance(came, TransportFailure) else _read_delete_reply(came)

    async def set_timer(self, sid: str, after_s: float, gate: Gate) -> CloseResult:
        """Let Twilio close a conversation by itself, ``after_s`` seconds after it was last used.

        ``CLOSED`` says that the timer stands. It has to be ``SHORTEST_TIMER_S`` at least.
        """
        came = await self._post(sid, gate, {"Timers.Closed": iso_duration(after_s)})
        if isinstance(came, TransportFailure):
            return _transport_failure_result(came)
        return _close_result(came, CloseStatus.CLOSED) if came.status == HTTPStatus.OK else _read_other_reply(came)

    async def _post(self, sid: str, gate: Gate, form: dict[str, str]) -> Reply | TransportFailure:
        body = urlencode(form).encode()
        return await self._transport.send("POST", self._url(sid), gate=gate, body=body, headers=(FORM,))

    def _url(self, sid: str) -> str:
        return self._transport.url("conversations", "v1", "Conversations", SidKind.CONVERSATION.require(sid))


def iso_duration(seconds: float) -> str:
    """Write a length of time as ISO 8601 does, in whole seconds: ``PT600S``."""
    return f"PT{math.ceil(seconds)}S"


def _read_close_reply(reply: Reply) -> CloseResult:
    """Believe that it is closed only where the reply shows it so."""
    if reply.status != HTTPStatus.OK:
        return _read_other_reply(reply)
    shown = decode(_STATE, reply.body)
    if shown is not None and shown.state == "closed":
        return _close_result(reply, CloseStatus.CLOSED)
    return _close_result(
        reply, CloseStatus.MAYBE, error_code="bad_reply", error="Twilio's reply does not show it closed"
    )


def _read_delete_reply(reply: Reply) -> CloseResult:
    return (
        _close_result(reply, CloseStatus.DELETED)
        if reply.status == HTTPStatus.NO_CONTENT
        else _read_other_reply(reply)
    )


def _read_other_reply(reply: Reply) -> CloseResult:
    """Read any other reply. A 404 counts as gone only with Twilio's own code: any server has a 404."""
    code = read_error_code(reply.body)
    if code == _IS_CLOSED:
        return _close_result(reply, CloseStatus.CLOSED)
    if reply.status == HTTPStatus.NOT_FOUND and code in _NOT_FOUND:
        return _close_result(reply, CloseStatus.GONE)
    classification = classify_webchat_reply(reply.status, reply.headers, reply.body, now=reply.ended)
    result = _close_result(
        reply,
        _STATUSES[classification.verdict],
        error_code=classification.error_code,
        error=_error_text(classification, reply, code),
        stops_run=classification.stops_run,
    )
    return structs.replace(
        result, retry_after_s=classification.retry_after_s, is_throttled=classification.is_throttled
    )


def _error_text(classification: ReplyClassification, reply: Reply, code: int) -> str:
    """Say what is wrong; a creation's own words are of use only where they are about the credentials."""
    named = f"HTTP {reply.status}, code {code}" if code else f"HTTP {reply.status}"
    match reply.status:
        case HTTPStatus.FORBIDDEN:
            return _FORBIDDEN
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.TOO_MANY_REQUESTS:
            return classification.error
        case _:
            verb = "refused it" if classification.verdict is Verdict.REFUSED else "did not confirm it"
            return _NO_ENDPOINT if classification.stops_run else f"Twilio {verb} ({named})"


def _close_result(
    reply: Reply, status: CloseStatus, *, error_code: str = "", error: str = "", stops_run: bool = False
) -> CloseResult:
    return CloseResult(
        status=status,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        http_status=reply.status,
        error_code=error_code,
        error=error,
        twilio_request_id=read_request_id(reply.headers),
        stops_run=stops_run,
    )


def _transport_failure_result(failure: TransportFailure) -> CloseResult:
    return CloseResult(
        status=_STATUSES[failure.verdict],
        due=failure.due,
        sent=failure.sent,
        ended=failure.ended,
        error_code=failure.error_code,
        error=failure.error,
        stops_run=failure.stops_run,
    )


_STATUSES = {
    Verdict.CREATED: CloseStatus.MAYBE,
    Verdict.REFUSED: CloseStatus.REFUSED,
    Verdict.NOT_PROCESSED: CloseStatus.NOT_PROCESSED,
    Verdict.MAYBE: CloseStatus.MAYBE,
}
