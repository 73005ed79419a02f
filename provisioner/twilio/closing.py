"""Closing conversations: close one, delete one, or delete its guest.

A closed conversation cannot be opened again. For one that is already closed or deleted, Twilio answers with an
error that says so, so every call here can be retried safely.
Sources: Twilio, https://www.twilio.com/docs/conversations/api/conversation-resource and
https://www.twilio.com/docs/conversations/api/user-resource.
"""

from http import HTTPStatus

import msgspec

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.forms import FORM, encode_form
from provisioner.http_client.transport import Reply, Transport
from provisioner.models.closing import CloseResult, CloseStatus
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate

from .errors.closing_errors import (
    CONVERSATION_ERRORS,
    DONE,
    USER_ERRORS,
    ClosingErrors,
    classify_close_reply,
)
from .errors.error_table import ambiguous
from .errors.reply_parsing import decode
from .messages import WEBHOOKS
from .results import close_result, failed_close

_NOT_SHOWN = ambiguous("Twilio's reply does not show it closed", word="bad_reply")


class _State(msgspec.Struct, gc=False):
    state: str


_STATE = msgspec.json.Decoder(_State)


class ClosingClient:
    """Closes conversations; each method makes one attempt.

    ``sid`` is the SID of the conversation; raise ``ValueError`` when it is not one. The request waits at ``gate``
    first. Raise ``GateClosed`` when it may not be sent; every other failure is a ``CloseResult``.

    With ``webhooks``, Twilio calls the webhooks of the service and of the conversation for each change, as it does
    for changes by a chat's own client; otherwise changes by REST call none.
    """

    def __init__(self, transport: Transport, *, webhooks: bool = False) -> None:
        self._transport = transport
        self._headers = (WEBHOOKS,) if webhooks else ()

    async def close(self, sid: str, gate: Gate) -> CloseResult:
        """Set ``State=closed``. This is permanent: participants cannot write to the conversation any more."""
        came = await self._post(sid, gate, {"State": "closed"})
        return failed_close(came) if isinstance(came, TransportFailure) else _read_close_reply(came)

    async def delete(self, sid: str, gate: Gate) -> CloseResult:
        """Delete a conversation with its messages. This cannot be undone."""
        return await self._delete(self._url(sid), gate, CONVERSATION_ERRORS)

    async def delete_user(self, identity: str, gate: Gate) -> CloseResult:
        """Delete the user with this ``identity``, and with it its participation in all conversations.

        This cannot be undone. Raise ``ValueError`` for an identity that cannot be part of a URL.
        """
        url = self._transport.url("conversations", "v1", "Users", identity)
        return await self._delete(url, gate, USER_ERRORS)

    async def _delete(self, url: str, gate: Gate, errors: ClosingErrors) -> CloseResult:
        came = await self._transport.send("DELETE", url, gate=gate, headers=self._headers)
        if isinstance(came, TransportFailure):
            return failed_close(came)
        return _result_if(came, HTTPStatus.NO_CONTENT, CloseStatus.DELETED, errors)

    async def _post(self, sid: str, gate: Gate, form: dict[str, str]) -> Reply | TransportFailure:
        body = encode_form(form)
        return await self._transport.send(
            "POST", self._url(sid), gate=gate, body=body, headers=(FORM, *self._headers)
        )

    def _url(self, sid: str) -> str:
        return self._transport.url("conversations", "v1", "Conversations", SidKind.CONVERSATION.require(sid))


def _read_close_reply(reply: Reply) -> CloseResult:
    """Return ``CLOSED`` only if the reply's body shows the state ``closed``."""
    shown = decode(_STATE, reply.body) if reply.status == HTTPStatus.OK else None
    if reply.status == HTTPStatus.OK and (shown is None or shown.state != "closed"):
        return close_result(reply, CloseStatus.MAYBE, _NOT_SHOWN)
    return _result_if(reply, HTTPStatus.OK, CloseStatus.CLOSED)


def _result_if(
    reply: Reply, expected: HTTPStatus, status: CloseStatus, errors: ClosingErrors = CONVERSATION_ERRORS
) -> CloseResult:
    """Return ``status`` if the reply has the ``expected`` HTTP status; otherwise classify the reply."""
    if reply.status == expected:
        return close_result(reply, status, DONE)
    classified = classify_close_reply(reply.status, reply.headers, reply.body, now=reply.ended, errors=errors)
    return close_result(reply, *classified)
