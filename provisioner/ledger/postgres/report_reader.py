"""What a report needs of the many rows of a PostgreSQL ledger."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from provisioner.ledger.report_reading import AttemptSpan, CreatedRow, ErroneousRow


class PostgresReportReader:
    """``ReportReader`` of a PostgreSQL ledger; ``ReportReader`` documents the methods.

    ``all_lines`` returns all lines of a query of a reader, by its name and its parameters, ``lines`` yields them
    from a snapshot.
    """

    def __init__(
        self, all_lines: Callable[..., Sequence[Sequence[Any]]], lines: Callable[..., Iterator[Sequence[Any]]]
    ) -> None:
        self._all, self._lines = all_lines, lines

    def attempt_span(self, step: str) -> AttemptSpan | None:
        """Return the span of the attempts of one step; see ``ReportReader``."""
        ((first_due, last_ended),) = self._all("attempt_span", step)
        return None if first_due is None else AttemptSpan(first_due, last_ended)

    def erroneous_rows(self) -> Iterator[ErroneousRow]:
        """Yield the rows of the current input that have an error, in input order."""
        return map(ErroneousRow._make, self._lines("erroneous_rows"))

    def created_rows(self, row_ids: Collection[int]) -> Sequence[CreatedRow]:
        """Return those of the rows with these IDs that are created and in the current input, in input order."""
        return [*map(CreatedRow._make, self._all("created_rows", [*row_ids]))]
