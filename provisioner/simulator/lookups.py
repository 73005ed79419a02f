"""Endpoints that list conversations: those of a participant, and all by date and state.

Sources: https://www.twilio.com/docs/conversations/api/participant-conversation-resource and
https://www.twilio.com/docs/conversations/api/conversation-resource
"""

from collections.abc import Iterator
from datetime import datetime

from .call import Call
from .conversations import Conversation
from .pages import page_reply, read_page
from .parameters import read_moment, read_whole_number
from .replies import ApiError, Reply
from .serializers import conversation_document, participation_document
from .service_scope import ServiceScope
from .state import SimulatorState

MOST_PARTICIPATIONS = 50
MOST_CONVERSATIONS = 100
DAY_S = 86400
STATES = ("initializing", "inactive", "active", "closed")


class ListEndpoints:
    """The two endpoints that list conversations. A conversation is listed from its ``visible_at`` on."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._scope = ServiceScope(state)

    def of_participant(self, call: Call) -> Reply:
        """List the conversations of one identity, sorted by SID."""
        query = call.read_query()
        asked = read_page(query, MOST_PARTICIPATIONS)
        if bool(query.get("Identity")) == bool(query.get("Address")):
            raise ApiError(400, 20001, "Exactly one of Identity and Address must be given")
        now = self._state.clock.wall()
        identity = query.get("Identity", "")
        found = [] if self._scope.is_empty(call) else self._state.conversations.of_identity(identity)
        by_sid = sorted(found, key=lambda each: each.sid)
        return page_reply(
            call,
            asked,
            "conversations",
            (
                each
                for each in by_sid
                if each.account == call.account and each.visible_at <= now and each.sid > asked.after
            ),
            mark=lambda each: each.sid,
            show=lambda each: participation_document(each, call),
        )

    def by_date(self, call: Call) -> Reply:
        """List all conversations, newest first, filtered by whole UTC days and by state."""
        query = call.read_query()
        asked = read_page(query, MOST_CONVERSATIONS)
        state = query.get("State", "")
        if state and state not in STATES:
            raise ApiError(400, 20001, f"State must be one of {', '.join(STATES)}")
        try:
            before = read_whole_number(asked.after) if asked.after else None
        except ValueError:
            raise ApiError(400, 20001, "PageToken is invalid") from None
        start, end = _day(query, "StartDate"), _day(query, "EndDate")
        is_shown = not self._scope.is_empty(call)
        return page_reply(
            call,
            asked,
            "conversations",
            self._between(call.account, start, end, state=state, before=before) if is_shown else (),
            mark=lambda each: str(each.number),
            show=lambda each: conversation_document(each, call),
        )

    def _between(
        self, account: str, start: datetime | None, end: datetime | None, *, state: str, before: int | None
    ) -> Iterator[Conversation]:
        now = self._state.clock.wall()
        earliest = start.timestamp() if start else float("-inf")
        latest = end.timestamp() + DAY_S if end else float("inf")
        for each in self._state.conversations.newest_first(before):
            is_seen = each.account == account and each.visible_at <= now
            if is_seen and earliest <= each.created_at < latest and state in {"", each.state}:
                yield each


def _day(query: dict[str, str], name: str) -> datetime | None:
    moment = read_moment(query, name)
    return None if moment is None else moment.replace(hour=0, minute=0, second=0)
