"""Creating WebChats: ``POST /v2/WebChats`` of the Flex API."""

from provisioner.models import AttemptResult, WebChatRequest
from provisioner.ports import Gate

from .codes import classify_webchat_reply
from .failures import TransportFailure
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
        if isinstance(came, TransportFailure):
            return _result_of_failure(came, request)
        return _result_of_reply(came, request)


def _result_of_failure(failure: TransportFailure, request: WebChatRequest) -> AttemptResult:
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


def _result_of_reply(reply: Reply, request: WebChatRequest) -> AttemptResult:
    classification = classify_webchat_reply(reply.status, reply.headers, reply.body, now=reply.ended)
    return AttemptResult(
        verdict=classification.verdict,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        conversation_sid=classification.conversation_sid,
        identity=classification.identity or request.identity,
        http_status=reply.status,
        error_code=classification.error_code,
        error=classification.error,
        twilio_request_id=read_request_id(reply.headers),
        retry_after_s=classification.retry_after_s,
        is_throttled=classification.is_throttled,
        stops_run=classification.stops_run,
        may_leave_orphan=classification.may_leave_orphan,
    )
