"""Endpoints of one conversation: fetch, update and delete it, and its participants.

Source: https://www.twilio.com/docs/conversations/api
"""

import re

from .call import Call
from .conversations import Conversation
from .pages import page_reply, read_page
from .parameters import check_attributes, check_length, read_moment, refuse_fields
from .replies import ApiError, Reply, json_reply
from .serializers import conversation_document, participant_document, participant_sid
from .service_scope import ServiceScope, not_found, spend_action
from .state import SimulatorState
from .timers import CLOSED, INACTIVE, read_timer

MOST_PARTICIPANTS = 100
MOST_NAME_CHARACTERS = 256
MOST_ATTRIBUTES_BYTES = 16 * 1024

_KEPT = ("FriendlyName", "UniqueName", "Attributes")
_NOT_SERVED = frozenset({"MessagingServiceSid", "Bindings.Email.Address", "Bindings.Email.Name"})
_SID_PATTERN = re.compile(r"CH[0-9a-f]{32}")


class ConversationEndpoints:
    """The endpoints below ``/v1/Conversations/{sid}``. All raise ``ApiError`` (404) for an unknown SID."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._scope = ServiceScope(state)

    def fetch(self, call: Call) -> Reply:
        """Return the conversation."""
        return json_reply(200, conversation_document(self._scope.find(call), call))

    def update(self, call: Call) -> Reply:
        """Change what the form names: names, attributes, state, timers and dates; all of it, or nothing.

        Raise ``ApiError`` (400) for a value that breaks a rule and for a field that the simulator does not have,
        and (409, code 50353) for a unique name of another conversation.
        """
        spend_action(self._state, call)
        conversation = self._scope.find_open(call)
        form = call.read_form()
        refuse_fields(form, _NOT_SERVED)
        self._check_texts(form, conversation)
        state = form.get("State", conversation.state)
        if state not in {"active", "inactive", "closed"}:
            raise ApiError(400, 20001, "State must be one of active, inactive, closed")
        timers = (read_timer(form, INACTIVE), read_timer(form, CLOSED))
        created, updated = read_moment(form, "DateCreated"), read_moment(form, "DateUpdated")
        self._state.conversations.set_state(conversation, state)
        self._state.conversations.rename(conversation, {name: form[name] for name in _KEPT if name in form})
        now = self._state.clock.wall()
        conversation.updated_at = updated.timestamp() if updated else now
        if created:
            conversation.created_at = created.timestamp()
        _set_timers(conversation, timers, now)
        self._state.note_webhooks(call)
        return json_reply(200, conversation_document(conversation, call))

    def _check_texts(self, form: dict[str, str], conversation: Conversation) -> None:
        check_length(form, "FriendlyName", MOST_NAME_CHARACTERS)
        check_length(form, "UniqueName", MOST_NAME_CHARACTERS)
        check_attributes(form, MOST_ATTRIBUTES_BYTES)
        name = form.get("UniqueName", "")
        if _SID_PATTERN.fullmatch(name):
            raise ApiError(400, 50390, "Unique name should not match conversation sid pattern")
        holder = self._state.conversations.find(name) if name else None
        if holder is not None and holder is not conversation:
            raise ApiError(409, 50353, "Conversation with provided unique name already exists")

    def delete(self, call: Call) -> Reply:
        """Delete the conversation for good, and answer 204."""
        spend_action(self._state, call)
        self._state.conversations.delete(self._scope.find(call))
        self._state.note_webhooks(call)
        return Reply(204)

    def list_participants(self, call: Call) -> Reply:
        """List the guest of the conversation; an orphan has none."""
        asked = read_page(call.read_query(), MOST_PARTICIPANTS)
        conversation = self._scope.find(call)
        has_guest = conversation.identity is not None and not asked.after
        return page_reply(
            call,
            asked,
            "participants",
            [conversation] if has_guest else [],
            mark=lambda each: each.sid,
            show=lambda each: participant_document(each, call),
        )

    def fetch_participant(self, call: Call) -> Reply:
        """Return the guest, named by SID or identity; raise ``ApiError`` (404) for any other participant."""
        conversation = self._scope.find(call)
        names = {participant_sid(conversation), conversation.identity}
        if conversation.identity is None or call.route.child not in names:
            raise not_found(call)
        return json_reply(200, participant_document(conversation, call))


def _set_timers(conversation: Conversation, timers: tuple[int | None, int | None], now: float) -> None:
    inactive_s, closed_s = timers
    if inactive_s is not None:
        conversation.inactive_at = now + inactive_s if inactive_s else None
    if closed_s is not None:
        conversation.closes_at = now + closed_s if closed_s else None
