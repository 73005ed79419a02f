"""State of a conversation: open, closed or gone.

Source: Twilio, Conversation resource, https://www.twilio.com/docs/conversations/api/conversation-resource.
"""

from http import HTTPStatus

import msgspec
from msgspec import structs

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply, Transport
from provisioner.models.closing import ConversationState, StateResult
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate

from .errors.reply_parsing import decode, read_error_code
from .errors.state_errors import STATE_ERRORS, is_not_found
from .results import state_result


class _ShownState(msgspec.Struct, gc=False):
    state: str


_STATE = msgspec.json.Decoder(_ShownState)


class ConversationStateClient:
    """Asks for the state of conversations; Twilio does not count reads in its limits of conversations."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def ask(self, sid: str, gate: Gate) -> StateResult:
        """Make one attempt to learn the state of the conversation ``sid``; wait at ``gate`` first.

        Raise ``GateClosed`` when the request may not be sent, and ``ValueError`` when ``sid`` is not the SID of a
        conversation; every other failure is a result.
        """
        checked = SidKind.CONVERSATION.require(sid)
        url = self._transport.url("conversations", "v1", "Conversations", checked)
        came = await self._transport.send("GET", url, gate=gate)
        if isinstance(came, TransportFailure):
            return StateResult(state=ConversationState.NOT_KNOWN, **structs.asdict(came))
        classification = STATE_ERRORS.classify(came.status, came.headers, came.body, now=came.ended)
        return state_result(came, _state_of(came), classification)


def _state_of(reply: Reply) -> ConversationState:
    """Return the state that a reply tells; every state but ``closed`` is open, also one that is new to us."""
    if is_not_found(reply.status, read_error_code(reply.body)):
        return ConversationState.GONE
    shown = decode(_STATE, reply.body) if reply.status == HTTPStatus.OK else None
    if shown is None:
        return ConversationState.NOT_KNOWN
    return ConversationState.CLOSED if shown.state == "closed" else ConversationState.OPEN
