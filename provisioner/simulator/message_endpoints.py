"""Endpoints of a conversation's messages: post, list and fetch them.

Source: https://www.twilio.com/docs/conversations/api/conversation-message-resource
"""

from itertools import islice
from secrets import token_hex

from .call import Call
from .conversations import Conversation, Message
from .message_fault_effects import apply_message_fault, posts
from .pages import page_reply, read_page
from .parameters import check_attributes, read_moment, read_whole_number, refuse_fields
from .replies import ApiError, BrokenReply, Reply, json_reply
from .serializers import message_document
from .service_scope import ServiceScope, not_found
from .state import SimulatorState

MOST_MESSAGES = 100
MOST_BODY_BYTES = 32 * 1024
"""Longest ``Body`` of a chat's message, in bytes of UTF-8."""
MOST_ATTRIBUTES_BYTES = 4 * 1024
DEFAULT_AUTHOR = "system"

_NOT_SERVED = frozenset({"MediaSid", "ContentSid", "ContentVariables", "Subject"})


class MessageEndpoints:
    """The endpoints below ``…/Messages``. All raise ``ApiError`` (404) for an unknown conversation or message."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._scope = ServiceScope(state)

    def post(self, call: Call) -> Reply | BrokenReply:
        """Add a message of any author, or apply the fault of the call.

        Raise ``ApiError`` (400) for a value that breaks a rule and for a field that the simulator does not have.
        """
        conversation = self._scope.find_open(call)
        message = self._read(call)
        if call.fault is None:
            return self._answer(call, conversation, message)
        self._state.fire(call.fault)
        truth = self._answer(call, conversation, message) if posts(call.fault) else Reply(0)
        return apply_message_fault(call.fault, truth)

    def _read(self, call: Call) -> Message:
        form = call.read_form()
        refuse_fields(form, _NOT_SERVED)
        body = form.get("Body", "")
        if not 0 < len(body.encode()) <= MOST_BODY_BYTES:
            raise ApiError(400, 20001, f"Body must have 1 to {MOST_BODY_BYTES} bytes")
        check_attributes(form, MOST_ATTRIBUTES_BYTES)
        created, updated = read_moment(form, "DateCreated"), read_moment(form, "DateUpdated")
        created_at = created.timestamp() if created else self._state.clock.wall()
        return Message(
            sid=f"IM{token_hex(16)}",
            author=form.get("Author") or DEFAULT_AUTHOR,
            body=body,
            created_at=created_at,
            triggers_webhooks=call.calls_webhooks,
            attributes=form.get("Attributes") or "{}",
            updated_at=updated.timestamp() if updated else created_at,
        )

    def _answer(self, call: Call, conversation: Conversation, message: Message) -> Reply:
        index = self._keep(conversation, message)
        return json_reply(201, message_document(message, index, conversation, call))

    def _keep(self, conversation: Conversation, message: Message) -> int:
        if conversation.messages is None:
            conversation.messages = []
        earlier = conversation.messages
        if message.triggers_webhooks and not any(each.triggers_webhooks for each in earlier):
            self._state.flows_started += 1
            conversation.channel = "active"
        self._state.messages += 1
        earlier.append(message)
        # An inactive conversation becomes active again with a new message.
        self._state.conversations.set_state(conversation, "active")
        return len(earlier) - 1

    def list(self, call: Call) -> Reply:
        """List the messages of the conversation, oldest first, or newest first with ``Order=desc``."""
        query = call.read_query()
        asked = read_page(query, MOST_MESSAGES)
        order = query.get("Order") or "asc"
        if order not in {"asc", "desc"}:
            raise ApiError(400, 20001, "Order must be asc or desc")
        try:
            after = read_whole_number(asked.after) if asked.after else None
        except ValueError:
            raise ApiError(400, 20001, "PageToken is invalid") from None
        conversation = self._scope.find(call)
        numbered = list(enumerate(conversation.messages or []))
        if order == "desc":
            following = reversed(numbered[:after])
        else:
            following = islice(numbered, 0 if after is None else after + 1, None)
        return page_reply(
            call,
            asked,
            "messages",
            following,
            mark=lambda each: str(each[0]),
            show=lambda each: message_document(each[1], each[0], conversation, call),
        )

    def fetch(self, call: Call) -> Reply:
        """Return one message."""
        conversation = self._scope.find(call)
        for index, message in enumerate(conversation.messages or []):
            if message.sid == call.route.child:
                return json_reply(200, message_document(message, index, conversation, call))
        raise not_found(call)
