"""Creating WebChats: ``POST /v2/WebChats`` of the Flex API."""

from provisioner.models import AttemptResult, WebChatRequest
from provisioner.ports import Gate

from .codes import classify
from .failures import Failure
from .form import FORM, encode
from .replies import read_request_id
from .transport import Reply, Transport

_HEADERS = (FORM,)


class WebChatClient:
    """Creates WebChats, one attempt at a time (``ports.WebChatCreator``)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._url = transport.url("flex-api", "v2", "WebChats")

    async def create(self, request: WebChatRequest, gate: Gate) -> AttemptResult:
        """Make one attempt; see ``ports.WebChatCreator``.

        The answer's identity is the one Twilio named, or else the one that was asked for.
        """
        headers = (FORM, ("Ui-Version", request.ui_version)) if request.ui_version else _HEADERS
        came = await self._transport.send("POST", self._url, gate=gate, body=encode(request), headers=headers)
        if isinstance(came, Failure):
            return _answer_failure(came, request)
        return _answer_reply(came, request)


def _answer_failure(failure: Failure, request: WebChatRequest) -> AttemptResult:
    return AttemptResult(
        verdict=failure.verdict,
        due=failure.due,
        sent=failure.sent,
        ended=failure.ended,
        identity=request.identity,
        error_code=failure.error_code,
        error=failure.error,
        stops_run=failure.stops_run,
    )


def _answer_reply(reply: Reply, request: WebChatRequest) -> AttemptResult:
    ruling = classify(reply.status, reply.headers, reply.body, now=reply.ended)
    return AttemptResult(
        verdict=ruling.verdict,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        conversation_sid=ruling.conversation_sid,
        identity=ruling.identity or request.identity,
        http_status=reply.status,
        error_code=ruling.error_code,
        error=ruling.error,
        twilio_request_id=read_request_id(reply.headers),
        retry_after_s=ruling.retry_after_s,
        is_throttled=ruling.is_throttled,
        stops_run=ruling.stops_run,
        may_leave_orphan=ruling.may_leave_orphan,
    )
