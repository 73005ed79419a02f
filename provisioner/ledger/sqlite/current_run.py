"""The run that a ledger is open for, which all of its parts record their attempts for."""

from dataclasses import dataclass


@dataclass(slots=True)
class CurrentRun:
    """``id`` is the run's number in the table of runs, None before it has started."""

    id: int | None = None
