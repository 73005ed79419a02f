"""Endpoints that list conversations: those of a participant, and all by date and state.

Sources: https://www.twilio.com/docs/conversations/api/participant-conversation-resource and
https://www.twilio.com/docs/conversations/api/conversation-resource
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .call import Call
from .conversations import Conversation
from .pages import page_reply, read_page
from .replies import ApiError, Reply
from .serializers import conversation_document, participation_document
from .state import SimulatorState

MOST_PARTICIPATIONS = 50
MOST_CONVERSATIONS = 100
STATES = ("active", "inactive", "closed")


class ListEndpoints:
    """The two endpoints that list conversations. A conversation is listed from its ``visible_at`` on."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state

    def of_participant(self, call: Call) -> Reply:
        """List the conversations of one identity, sorted by SID."""
        query = call.read_query()
        asked = read_page(query, MOST_PARTICIPATIONS)
        if bool(query.get("Identity")) == bool(query.get("Address")):
            raise ApiError(400, 20001, "Exactly one of Identity and Address must be given")
        now = self._state.clock.wall()
        found = self._state.conversations.of_identity(query.get("Identity", ""))
        by_sid = sorted(found, key=lambda each: each.sid)
        return page_reply(
            call,
            asked,
            "conversations",
            (each for each in by_sid if each.visible_at <= now and each.sid > asked.after),
            mark=lambda each: each.sid,
            show=lambda each: participation_document(each, call.account, call.origin),
        )

    def by_date(self, call: Call) -> Reply:
        """List all conversations, newest first, filtered by whole UTC days and by state."""
        query = call.read_query()
        asked = read_page(query, MOST_CONVERSATIONS)
        state = query.get("State", "")
        if state and state not in STATES:
            raise ApiError(400, 20001, f"State must be one of {', '.join(STATES)}")
        if asked.after and not asked.after.isdecimal():
            raise ApiError(400, 20001, "PageToken is invalid")
        return page_reply(
            call,
            asked,
            "conversations",
            self._between(
                _day(query, "StartDate"),
                _day(query, "EndDate"),
                state=state,
                before=int(asked.after) if asked.after else None,
            ),
            mark=lambda each: str(each.number),
            show=lambda each: conversation_document(each, call.account, call.origin),
        )

    def _between(
        self, start: datetime | None, end: datetime | None, *, state: str, before: int | None
    ) -> Iterator[Conversation]:
        now = self._state.clock.wall()
        earliest = start.timestamp() if start else 0.0
        latest = (end + timedelta(days=1)).timestamp() if end else float("inf")
        for each in self._state.conversations.newest_first(before):
            if each.created_at < earliest:
                return
            if each.created_at < latest and each.visible_at <= now and state in {"", each.state}:
                yield each


def _day(query: dict[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, 20001, f"{name} must be an ISO 8601 date") from None
    in_utc = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return in_utc.replace(hour=0, minute=0, second=0, microsecond=0)
