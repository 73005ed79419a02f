"""Creation of WebChats by ``POST /v2/WebChats`` of the Flex API.

Source: Twilio, WebChats resource, https://www.twilio.com/docs/flex/developer/conversations/webchats-resource.
"""

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.forms import FORM, quote
from provisioner.http_client.transport import Transport
from provisioner.models import AttemptResult, WebChatRequest
from provisioner.ports.sending import Gate

from .errors.webchat_errors import classify_webchat_reply
from .results import attempt_result, failed_attempt


def encode(request: WebChatRequest) -> bytes:
    """Return the URL-encoded form of ``POST /v2/WebChats``; empty fields are omitted.

    ``ui_version`` and ``first_message`` are not part of it.
    """
    fields = (
        (b"AddressSid=", request.address_sid),
        (b"ChatFriendlyName=", request.chat_friendly_name),
        (b"CustomerFriendlyName=", request.customer_friendly_name),
        (b"PreEngagementData=", request.pre_engagement_data),
        (b"Identity=", request.identity),
    )
    return b"&".join([name + quote(value) for name, value in fields if value])


_HEADERS = (FORM,)


class WebChatClient:
    """Creates WebChats; implements ``ports.WebChatCreator``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._url = transport.url("flex-api", "v2", "WebChats")

    async def create(self, request: WebChatRequest, gate: Gate) -> AttemptResult:
        """Make one attempt to create a WebChat; see ``ports.WebChatCreator``.

        The result's identity is the one in Twilio's reply, or the requested one if the reply contains none.
        """
        headers = (FORM, ("Ui-Version", request.ui_version)) if request.ui_version else _HEADERS
        came = await self._transport.send("POST", self._url, gate=gate, body=encode(request), headers=headers)
        if isinstance(came, TransportFailure):
            return failed_attempt(came, identity=request.identity)
        classification = classify_webchat_reply(came.status, came.headers, came.body, now=came.ended)
        return attempt_result(
            came, classification, field="conversation_sid", identity=classification.identity or request.identity
        )
