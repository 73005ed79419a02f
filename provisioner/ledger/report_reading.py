"""Protocol for reading what a report needs of many rows: no query returns more than it shows."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol


class AttemptSpan(NamedTuple):
    """When the first attempt of a step was due, and when its last one ended; Unix seconds."""

    first_due: float
    last_ended: float


class ErroneousRow(NamedTuple):
    """Row with an error: its input number and key, and status and error as in the results file."""

    row: int
    key: str | None
    status: str
    error_code: str
    error: str | None


class CreatedRow(NamedTuple):
    """Created row with the SID of its conversation; ``id`` is its ID in the ledger, ``row`` its input number."""

    id: int
    row: int
    key: str
    identity: str
    conversation_sid: str


class ReportReader(Protocol):
    """Read-only view of a ledger for a report; the rules are those of ``LedgerReader``."""

    def attempt_span(self, step: str) -> AttemptSpan | None:
        """Return the span of the attempts of one step that have a due time; None for none."""
        ...

    def erroneous_rows(self) -> Iterator[ErroneousRow]:
        """Yield the rows of the current input that have an error, in input order.

        Rows that were not sent because the run ended first have none.
        """
        ...

    def created_rows(self, row_ids: Collection[int]) -> Sequence[CreatedRow]:
        """Return those of the rows with these IDs that are created and in the current input, in input order."""
        ...
