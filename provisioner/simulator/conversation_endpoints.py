"""Endpoints of one conversation: fetch, update and delete it, its participants, its messages.

Source: https://www.twilio.com/docs/conversations/api
"""

from itertools import islice
from secrets import token_hex

from .call import Call
from .conversations import Conversation, Message
from .lookups import STATES
from .message_fault_effects import apply_message_fault, posts
from .pages import page_reply, read_page
from .replies import ApiError, BrokenReply, Reply, json_reply
from .serializers import conversation_document, message_document, participant_document
from .state import SimulatorState
from .timers import read_timer

MOST_PARTICIPANTS = 50
MOST_MESSAGES = 100
MOST_BODY_CHARACTERS = 1600
"""Longest ``Body`` of a message, in characters."""


class ConversationEndpoints:
    """The endpoints below ``/v1/Conversations/{sid}``. All raise ``ApiError`` (404) for an unknown SID."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state

    def fetch(self, call: Call) -> Reply:
        """Return the conversation."""
        return json_reply(200, conversation_document(self._find(call), call.account, call.origin))

    def update(self, call: Call) -> Reply:
        """Change the state of the conversation or the timer that closes it; other fields are ignored."""
        self._spend_action(call)
        conversation = self._find_open(call)
        form = call.read_form()
        state = form.get("State", conversation.state)
        if state not in STATES:
            raise ApiError(400, 20001, f"State must be one of {', '.join(STATES)}")
        timer_s = read_timer(form["Timers.Closed"]) if "Timers.Closed" in form else None
        self._state.conversations.set_state(conversation, state)
        conversation.updated_at = now = self._state.clock.wall()
        if timer_s is not None:
            conversation.closes_at = now + timer_s
        return json_reply(200, conversation_document(conversation, call.account, call.origin))

    def delete(self, call: Call) -> Reply:
        """Delete the conversation for good, and answer 204."""
        self._spend_action(call)
        self._state.conversations.delete(self._find(call))
        return Reply(204)

    def list_participants(self, call: Call) -> Reply:
        """List the guest of the conversation; an orphan has none."""
        asked = read_page(call.read_query(), MOST_PARTICIPANTS)
        conversation = self._find(call)
        has_guest = conversation.identity is not None and not asked.after
        return page_reply(
            call,
            asked,
            "participants",
            [conversation] if has_guest else [],
            mark=lambda each: each.sid,
            show=lambda each: participant_document(each, call.account, call.origin),
        )

    def post_message(self, call: Call) -> Reply | BrokenReply:
        """Add a message of the conversation's guest, or apply the fault of the call.

        Raise ``ApiError`` (400) for another author and for a body that is empty or too long.
        """
        conversation = self._find_open(call)
        form = call.read_form()
        author, body = form.get("Author", ""), form.get("Body", "")
        if conversation.identity is None or author != conversation.identity:
            raise ApiError(400, 20001, "Author is not a participant of this conversation")
        if not 0 < len(body) <= MOST_BODY_CHARACTERS:
            raise ApiError(400, 20001, f"Body must have 1 to {MOST_BODY_CHARACTERS} characters")
        triggers = call.headers.get("X-Twilio-Webhook-Enabled", "").lower() == "true"
        message = Message(f"IM{token_hex(16)}", author, body, self._state.clock.wall(), triggers)
        if call.fault is None:
            return self._answer(call, conversation, message)
        self._state.fire(call.fault)
        truth = self._answer(call, conversation, message) if posts(call.fault) else Reply(0)
        return apply_message_fault(call.fault, truth)

    def _answer(self, call: Call, conversation: Conversation, message: Message) -> Reply:
        index = self._keep(conversation, message)
        return json_reply(201, message_document(message, index, conversation, call.account, call.origin))

    def _keep(self, conversation: Conversation, message: Message) -> int:
        earlier = conversation.messages or []
        if message.triggers_webhooks and not any(each.triggers_webhooks for each in earlier):
            self._state.flows_started += 1
        self._state.messages += 1
        conversation.messages = [*earlier, message]
        return len(earlier)

    def list_messages(self, call: Call) -> Reply:
        """List the messages of the conversation, oldest first."""
        asked = read_page(call.read_query(), MOST_MESSAGES)
        if asked.after and not asked.after.isdecimal():
            raise ApiError(400, 20001, "PageToken is invalid")
        conversation = self._find(call)
        start = int(asked.after) + 1 if asked.after else 0
        return page_reply(
            call,
            asked,
            "messages",
            islice(enumerate(conversation.messages or []), start, None),
            mark=lambda each: str(each[0]),
            show=lambda each: message_document(each[1], each[0], conversation, call.account, call.origin),
        )

    def _find(self, call: Call) -> Conversation:
        conversation = self._state.conversations.find(call.sid)
        if conversation is None:
            raise ApiError(404, 20404, f"The requested resource {call.path} was not found")
        return conversation

    def _find_open(self, call: Call) -> Conversation:
        conversation = self._find(call)
        if conversation.state == "closed":
            raise ApiError(400, 50377, "Conversation is closed")
        return conversation

    def _spend_action(self, call: Call) -> None:
        if not self._state.admits("actions", call.account, self._state.settings.action_limit):
            raise ApiError(429, 20429, "Too many requests")
