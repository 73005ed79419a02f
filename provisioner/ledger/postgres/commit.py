"""One commit: changes of many rows, as the lists that the server's function ``write_commit`` takes."""

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from typing import Any

import msgspec

from provisioner.models import AttemptResult, SharedConversation, Step

MOST_CHANGES = 512
"""Most changes of a commit. Measured: more of them save nothing, and the first one waits longer."""
_FEWEST_CHANGES = 32
"""Fewest changes that a commit may have."""
_INTENTS = {"post", "chat"}
"""Changes that are intents to post a message."""
_DECIDED: Sequence[Collection[Step]] = (
    {Step.CREATE, Step.LOOKUP},
    {Step.MESSAGE, Step.MESSAGE_LOOKUP},
    {Step.SETTINGS},
    {Step.HISTORY, Step.HISTORY_LOOKUP},
)
"""Steps that decide the status of a row, of its first message, of its settings and of its history."""
_PLACES = {step: place for place, steps in enumerate(_DECIDED) for step in steps}
_ROWS_BEGUN: Mapping[str, int] = {
    **dict.fromkeys(_INTENTS, 1),
    **dict.fromkeys((Step.CREATE, Step.MESSAGE, Step.HISTORY, "release", "message_release", "chat_release"), -1),
}
"""How many rows more are under way after a change of this name: each has an intent and no outcome."""
_SID = 9
_ERROR_CODE, _ERROR, _CLASS, _ROW_STATUS = 7, 8, 2, 15


class ChangeKind(IntEnum):
    """Kinds of changes, in the order in which a commit executes them; each has a type of its own at the server."""

    SETTLE = 0
    """The result of an attempt or of a look-up; see ``settled`` for the values."""
    BEGIN = 1
    """An intent to create a row; the values are row ID, identity, and whether it owes a message and settings."""
    OTHER = 2
    """Row ID, what happens, and a digest or None; the words are those of the function ``write_commit``."""


class Change(msgspec.Struct, frozen=True, eq=False):
    """Change of one row for the run ``run``; ``may_share`` is for a settled row whose conversation is checked."""

    kind: ChangeKind
    values: Sequence[Any]
    run: int | None = None
    may_share: bool = False

    @property
    def is_intent(self) -> bool:
        """Whether a request may be sent after it."""
        return self.kind is ChangeKind.BEGIN or (self.kind is ChangeKind.OTHER and self.values[1] in _INTENTS)

    @property
    def rows_begun(self) -> int:
        """How many rows more are under way after it: 1 after an intent, -1 after what ends one, else 0."""
        return 1 if self.kind is ChangeKind.BEGIN else _ROWS_BEGUN.get(self.values[1], 0)

    def shared_as(self, shared: SharedConversation) -> "Change":
        """Return the change for a row whose conversation belongs to another row already."""
        values = list(self.values)
        values[_CLASS], values[_ROW_STATUS] = shared.verdict.value, shared.status.value
        values[_ERROR_CODE], values[_ERROR] = shared.error_code, shared.error
        values[-1] = False
        return Change(self.kind, tuple(values), self.run)  # a list would be an array to the driver


def settled(
    row_id: int, step: Step, status: str, result: AttemptResult, *, is_checked: bool = False
) -> Sequence[Any]:
    """Return the values of a ``SETTLE``: an attempt's result, and the status after it.

    ``step`` says what has this status: the row, its first message, its settings or its history. With
    ``is_checked``, a created row is not settled when its conversation is another row's.
    """
    statuses: list[str | None] = [None] * len(_DECIDED)
    statuses[_PLACES[step]] = status
    return (
        row_id,
        step,
        result.verdict,
        result.due,
        result.sent,
        result.ended,
        result.http_status,
        encode_value(result.error_code) if result.error_code else None,
        encode_value(result.error) if result.error else None,
        encode_value(result.conversation_sid) if result.conversation_sid else None,
        encode_value(result.identity) if result.identity else None,
        encode_value(result.message_sid) if result.message_sid else None,
        encode_value(result.twilio_request_id) if result.twilio_request_id else None,
        result.retry_after_s,
        result.may_leave_orphan,
        *statuses,
        is_checked,
    )


def most_changes(rows: int) -> int:
    """Return the most changes of a commit while ``rows`` rows are under way.

    These have twice as many changes, an intent and an outcome. With all of them in one commit, the client waits
    for the server, and then the server for the client; so half of them are left to the client meanwhile.
    """
    return min(max(_FEWEST_CHANGES, rows), MOST_CHANGES)


def encode_value(text: str) -> str | None:
    """Return the text as PostgreSQL can store it: None for an empty text, ``?`` for a NUL and a lone surrogate."""
    if text.isascii() and "\0" not in text:
        return text or None
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


class Commit:
    """Changes that are written together. Those of one row keep their order, by going into different commits.

    Two rows for which Twilio named the same conversation are settled by different commits, too: only the first
    of them has it. ``most`` is the most changes.
    """

    def __init__(self, most: int = MOST_CHANGES) -> None:
        self._most = most
        self._changes: tuple[list[Sequence[Any]], ...] = ([], [], [])
        self._last: dict[int, ChangeKind] = {}
        self._sids: set[str] = set()
        self.run: int | None = None

    def takes(self, change: Change) -> bool:
        """Add the change and return True, or return False when it has to wait for the next commit."""
        row_id, kind = change.values[0], change.kind
        sid = change.values[_SID] if kind is ChangeKind.SETTLE and change.values[-1] else None
        if self._last and (
            self._last.get(row_id, -1) >= kind
            or len(self._last) >= self._most
            or change.run != self.run
            or sid in self._sids
        ):
            return False
        if sid is not None:
            self._sids.add(sid)
        self.run = change.run
        self._last[row_id] = kind
        self._changes[kind].append(change.values)
        return True

    def arguments(self) -> tuple[list[Sequence[Any]], ...]:
        """Return the values of the changes, a list for each kind."""
        return self._changes
