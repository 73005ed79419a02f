"""Creation of WebChats by ``POST /v2/WebChats`` of the Flex API.

Source: Twilio, WebChats resource, https://www.twilio.com/docs/flex/developer/conversations/webchats-resource.
"""

from collections.abc import Sequence
from operator import attrgetter

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.forms import FORM, encode_forms
from provisioner.http_client.transport import Transport
from provisioner.models import AttemptResult, WebChatRequest
from provisioner.ports.sending import Gate

from .errors.webchat_errors import classify_webchat_reply
from .results import attempt_result, failed_attempt

_FIELDS = (
    (b"AddressSid=", "address_sid"),
    (b"ChatFriendlyName=", "chat_friendly_name"),
    (b"CustomerFriendlyName=", "customer_friendly_name"),
    (b"PreEngagementData=", "pre_engagement_data"),
    (b"Identity=", "identity"),
)
"""Beginning of each field of the form, and the field of a request from which its text is."""
_BEGINNINGS = [beginning for beginning, _ in _FIELDS]
_texts_of = attrgetter(*(field for _, field in _FIELDS))


def encode_all(requests: Sequence[WebChatRequest]) -> Sequence[bytes]:
    """Return the URL-encoded form of ``POST /v2/WebChats`` for each request; empty fields are omitted.

    ``ui_version`` and ``first_message`` are not part of it.
    """
    return list(encode_forms(_BEGINNINGS, map(_texts_of, requests)))


_HEADERS = (FORM,)


class WebChatClient:
    """Creates WebChats; implements ``ports.WebChatCreator``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._url = transport.url("flex-api", "v2", "WebChats")

    async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> AttemptResult:
        """Make one attempt to create a WebChat; see ``ports.WebChatCreator``.

        The result's identity is the one in Twilio's reply, or the requested one if the reply contains none.
        """
        headers = (FORM, ("Ui-Version", request.ui_version)) if request.ui_version else _HEADERS
        (body,) = (encoded,) if encoded else encode_all([request])
        came = await self._transport.send("POST", self._url, gate=gate, body=body, headers=headers)
        if isinstance(came, TransportFailure):
            return failed_attempt(came, identity=request.identity)
        classification = classify_webchat_reply(came.status, came.headers, came.body, now=came.ended)
        return attempt_result(
            came, classification, field="conversation_sid", identity=classification.identity or request.identity
        )
