"""Notes: values that a run stores in the ledger for later runs, besides rows, attempts and runs."""

from typing import TypedDict

import msgspec


class JobNotes(msgspec.Struct, frozen=True, gc=False):
    """Notes of one ledger; None for a note that was never set. The field names are the names in the ledger."""

    results: str | None = None
    """Stamp of the results files as last written; empty while those files are out of date."""
    reading: str | None = None
    """Input options used to open the sources of the last plan, in the form of ``InputOptions.to_note``."""
    asked: str | None = None
    """Options of the last run that are not part of the job's settings: a JSON object of strings."""
    planned_by: str | None = None
    """Program version that made the last plan, and the format in which it read each source."""
    rebuilt: str | None = None
    """Name of the results file from which the ledger was rebuilt after it had been lost."""


class NoteChanges(TypedDict, total=False):
    """Notes to store, by the field names of ``JobNotes``. Notes that are missing here are not changed."""

    results: str
    reading: str
    asked: str
    planned_by: str
