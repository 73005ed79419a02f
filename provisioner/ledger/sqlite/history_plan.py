"""Plan of the histories: which rows have one, and whether it is still the one of which messages were posted."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from provisioner.ledger.sqlite import queries, shapes
from provisioner.ledger.sqlite.shapes import checked_row
from provisioner.ledger.sqlite.writer import transaction
from provisioner.models import HistoryEntry, HistoryReport, MessageStatus

_HISTORY = queries.load_queries("history")
_IN_DOUBT = {MessageStatus.IN_FLIGHT, MessageStatus.UNKNOWN}
MOST_NAMED = 5
"""Keys and lines that a report names."""


def write_histories(connection: sqlite3.Connection, entries: Iterable[HistoryEntry]) -> HistoryReport:
    """Replace the plan of the histories by ``entries``; it is not stored when the report has changed rows."""
    plan = _Plan(connection)
    with _undone_if(connection, plan):
        connection.execute(_HISTORY["mark"])
        for entry in entries:
            plan.add(entry)
        plan.changed += [checked_row(shapes.KEY, line)[0] for line in connection.execute(_HISTORY["vanished"])]
        for name in ("forget_status", "forget", "unmark"):
            connection.execute(_HISTORY[name])
    return HistoryReport(
        chats=plan.chats,
        messages=plan.messages,
        unmatched=plan.unmatched,
        unmatched_lines=tuple(plan.unmatched_lines),
        late=plan.late,
        changed=len(plan.changed),
        changed_keys=tuple(plan.changed[:MOST_NAMED]),
    )


class _Unchanged(Exception):  # noqa: N818 - it ends a transaction, and nothing is wrong
    """Raised to roll the plan back."""


@contextmanager
def _undone_if(connection: sqlite3.Connection, plan: "_Plan") -> Iterator[None]:
    """Run the context in one transaction, and roll it back when rows have changed."""
    try:
        with transaction(connection):
            yield
            plan.require_same()
    except _Unchanged:
        return


@dataclass
class _Plan:
    connection: sqlite3.Connection
    is_valid: bytearray = field(init=False)
    chats: int = 0
    messages: int = 0
    unmatched: int = 0
    unmatched_lines: list[int] = field(default_factory=list)
    late: int = 0
    changed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note which rows are in the input, a byte for each: the plan has no index of them."""
        self.is_valid = bytearray()
        for row_id, largest in self.connection.execute(_HISTORY["valid"]):
            if not self.is_valid:
                self.is_valid = bytearray(largest + 1)
            self.is_valid[row_id] = 1

    def require_same(self) -> None:
        """Raise ``_Unchanged`` when messages that were posted are missing or different."""
        if self.changed:
            raise _Unchanged

    def add(self, entry: HistoryEntry) -> None:
        """Write one entry, unless its key has no row, or its messages came too late."""
        found = self.connection.execute(_HISTORY["planned"], (entry.key,)).fetchone()
        if found is None or not (found[0] < len(self.is_valid) and self.is_valid[found[0]]):
            self.unmatched += 1
            if len(self.unmatched_lines) < MOST_NAMED:
                self.unmatched_lines.append(entry.line)
            return
        row_id, is_closed, status, total, *was = checked_row(shapes.PLANNED_HISTORY, found)
        wanted = len(entry.digests)
        if not _is_same(entry.digests, status, *was):
            self.changed.append(entry.key)
        elif is_closed and status in {None, MessageStatus.POSTED} and wanted > total:
            self.late += 1
            wanted = total
        if not wanted:
            return
        self.chats, self.messages = self.chats + 1, self.messages + wanted
        self.connection.execute(_HISTORY["plan"], (row_id, wanted))
        if wanted > was[0]:
            self.connection.execute(_HISTORY["owe"], (row_id,))


def _is_same(
    digests: Sequence[bytes],
    status: MessageStatus | None,
    posted: int,
    posted_digest: bytes | None,
    sent_digest: bytes | None,
) -> bool:
    """Return whether the messages that are or may be posted are still the first ones of the history."""
    sent, digest = (posted + 1, sent_digest) if status in _IN_DOUBT else (posted, posted_digest)
    return not sent or (sent <= len(digests) and digests[sent - 1] == digest)
