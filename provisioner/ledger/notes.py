"""What a ledger remembers for a later run besides rows, attempts and runs."""

from typing import TypedDict

import msgspec


class JobNotes(msgspec.Struct, frozen=True, gc=False):
    """The notes of one ledger; None is one that was never set. The names of the fields are those in the ledger."""

    results: str | None = None
    """The stamp of the results that were written last; empty while they are not those of this ledger."""
    reading: str | None = None
    """How the sources of the last plan were opened, as ``InputOptions.to_note`` writes it."""
    asked: str | None = None
    """What the last run was asked for besides the job's settings: a JSON object of texts."""
    planned_by: str | None = None
    """Which version made the last plan, and how it read each source."""


class NoteChanges(TypedDict, total=False):
    """Notes to be set, by the names of ``JobNotes``; what is not in it stays."""

    results: str
    reading: str
    asked: str
    planned_by: str
