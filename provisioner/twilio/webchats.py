"""Creating WebChats: ``POST /v2/WebChats`` of the Flex API."""

import re

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply, Transport
from provisioner.models import AttemptResult, WebChatRequest
from provisioner.ports.sending import Gate
from provisioner.twilio.errors.reply_parsing import read_request_id
from provisioner.twilio.errors.webchat_errors import classify_webchat_reply

FORM = ("Content-Type", "application/x-www-form-urlencoded")
"""The header that goes with it."""


_escape_runs = re.compile(rb"[^A-Za-z0-9_.~ -]+").sub


def encode(request: WebChatRequest) -> bytes:
    """Return the form of ``POST /v2/WebChats``; empty fields are left out."""
    fields = (
        (b"AddressSid=", request.address_sid),
        (b"ChatFriendlyName=", request.chat_friendly_name),
        (b"CustomerFriendlyName=", request.customer_friendly_name),
        (b"PreEngagementData=", request.pre_engagement_data),
        (b"Identity=", request.identity),
    )
    return b"&".join([name + _quote(value) for name, value in fields if value])


def _quote(text: str) -> bytes:
    return _escape_runs(_escaped, text.encode()).replace(b" ", b"+")


def _escaped(run: re.Match[bytes]) -> bytes:
    return b"%%%b" % run[0].hex("%").upper().encode()


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
