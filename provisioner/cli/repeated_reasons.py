"""Warnings of the log that give the same reason again and again, for people: the first ones in full, then a count.

The log as JSON and the log file have every event.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from provisioner.models.text import rate_text

SHOWN_IN_FULL = 3
"""Number of events with one reason that are shown in full."""

_NOUNS = {
    "row": "",
    "message": "first message ",
    "history": "message of a history ",
    "settings": "settings ",
}
_WORDS = {
    **{
        f"{noun}.{word}": f"{called}{word}"
        for noun, called in _NOUNS.items()
        for word in ("rejected", "unknown", "unsent", "duplicate")
    },
    "conversation.not_closed": "conversation not closed",
    "guest.not_deleted": "guest not deleted",
    "pace.cut": "pace cut",
}
"""Events that are counted, and what they are called."""
_TOLD_IN_WORDS = {"twilio.unreachable", "twilio.reached"}
"""Events of which a status line tells the same."""


class _Reason(msgspec.Struct):
    name: str
    count: int = 0
    last: str = ""

    def __str__(self) -> str:
        return f"{self.name} ×{self.count:,}{f', last {self.last}' if self.last else ''}"


class RepeatedReasons:
    """Counts the events of one display by their reason: the event and its error code, or its step."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], _Reason] = {}
        self._is_counting = False

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count while the context lasts, in which something shows ``lines``; begin at 0."""
        self._reasons, self._is_counting = {}, True
        try:
            yield
        finally:
            self._is_counting = False

    def omits(self, event: Mapping[str, Any]) -> bool:
        """Count an event of the log; return whether it is not shown: ``lines`` or a status line tell of it."""
        event_name = str(event.get("event", ""))
        name = _WORDS.get(event_name)
        if name is None or not self._is_counting:
            return event_name in _TOLD_IN_WORDS
        step = event.get("step")
        detail = str(event.get("error_code") or (step if step != "create" else "") or "")
        reason = self._reasons.setdefault((name, detail), _Reason(f"{name} {detail}".rstrip()))
        reason.count, reason.last = reason.count + 1, _last(event)
        return reason.count > SHOWN_IN_FULL

    def lines(self) -> Sequence[str]:
        """Return a line for each reason of which not every event was shown in full, in order of appearance."""
        return [str(each) for each in self._reasons.values() if each.count > SHOWN_IN_FULL]


def _last(event: Mapping[str, Any]) -> str:
    """Return what an event is about: its row, its conversation, or the rate that is left."""
    if (row := event.get("row")) is not None:
        return f"row {row}"
    rate = event.get("rate")
    return f"to {rate_text(rate)}" if isinstance(rate, float) else str(event.get("conversation_sid") or "")
