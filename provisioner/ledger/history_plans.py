"""Decisions of a plan of histories: which rows have one, and whether posted messages are still its first ones."""

from collections.abc import Sequence

import msgspec

from provisioner.models import HistoryEntry, HistoryReport, MessageStatus

_IN_DOUBT = {MessageStatus.IN_FLIGHT, MessageStatus.UNKNOWN}
MOST_NAMED = 5
"""Keys and lines that a report names."""


class KnownHistory(msgspec.Struct, frozen=True):
    """What a ledger holds of a row that is in the input and can be sent.

    ``is_closed`` is whether its first message is posted, or may be. ``status`` is that of its history, None for
    none, of which ``posted`` messages of ``total`` are posted; the digests are those of the posted messages, and
    of these and the one that was sent last.
    """

    row_id: int
    is_closed: bool
    status: MessageStatus | None
    total: int
    posted: int
    posted_digest: bytes | None
    sent_digest: bytes | None


class HistoryTotal(msgspec.Struct, frozen=True):
    """Number of messages of a row's history, and whether any of them is still to be posted."""

    row_id: int
    total: int
    is_owed: bool


class HistoryPlanner(msgspec.Struct):
    """Decisions about one entry after the other, and the report about all of them.

    ``changed`` are the keys of rows of which messages were posted that are now missing or different.
    """

    changed: list[str] = msgspec.field(default_factory=list)
    _chats: int = 0
    _messages: int = 0
    _unmatched: int = 0
    _unmatched_lines: list[int] = msgspec.field(default_factory=list)
    _late: int = 0

    def decide(self, entry: HistoryEntry, known: KnownHistory | None) -> HistoryTotal | None:
        """Return what to store for an entry, None for nothing; ``known`` is None when its key has no valid row."""
        if known is None:
            self._unmatched += 1
            if len(self._unmatched_lines) < MOST_NAMED:
                self._unmatched_lines.append(entry.line)
            return None
        wanted = len(entry.digests)
        if not _is_same(entry.digests, known):
            self.changed.append(entry.key)
        elif known.is_closed and known.status in {None, MessageStatus.POSTED} and wanted > known.total:
            self._late += 1
            wanted = known.total
        if not wanted:
            return None
        self._chats, self._messages = self._chats + 1, self._messages + wanted
        return HistoryTotal(known.row_id, wanted, is_owed=wanted > known.posted)

    def report(self) -> HistoryReport:
        """Return the report about the entries so far."""
        return HistoryReport(
            chats=self._chats,
            messages=self._messages,
            unmatched=self._unmatched,
            unmatched_lines=tuple(self._unmatched_lines),
            late=self._late,
            changed=len(self.changed),
            changed_keys=tuple(self.changed[:MOST_NAMED]),
        )


def _is_same(digests: Sequence[bytes], known: KnownHistory) -> bool:
    """Return whether the messages that are or may be posted are still the first ones of the history."""
    sent, digest = known.posted, known.posted_digest
    if known.status in _IN_DOUBT:
        sent, digest = known.posted + 1, known.sent_digest
    return not sent or (sent <= len(digests) and digests[sent - 1] == digest)
