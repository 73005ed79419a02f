"""The current run of an open ledger. All parts of the ledger record their attempts for it."""

from dataclasses import dataclass


@dataclass(slots=True)
class PostgresRun:
    """The current run. ``id`` is its number in the table ``runs``, None before ``start_run``.

    ``changes`` is how often this process has asked for rows to be changed.
    """

    id: int | None = None
    changes: int = 0
