"""The current run of an open ledger. All parts of the ledger record their attempts for it."""

from dataclasses import dataclass


@dataclass(slots=True)
class CurrentRun:
    """The current run. ``id`` is its ID in the table ``runs``, None before ``start_run``."""

    id: int | None = None
