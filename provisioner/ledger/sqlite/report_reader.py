"""What a report needs of the many rows of a SQLite ledger."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from provisioner.ledger import shapes
from provisioner.ledger.report_reading import AttemptSpan, CreatedRow, ErroneousRow


class SqliteReportReader:
    """``ReportReader`` of a SQLite file; ``ReportReader`` documents the methods.

    ``lines`` yields the checked rows of a query of a reader, by its name, the shape of its rows and parameters.
    """

    def __init__(self, lines: Callable[..., Iterator[Sequence[Any]]]) -> None:
        self._lines = lines

    def attempt_span(self, step: str) -> AttemptSpan | None:
        """Return the span of the attempts of one step; see ``ReportReader``."""
        ((first_due, last_ended),) = self._lines("attempt_span", shapes.SPAN, step)
        return None if first_due is None else AttemptSpan(first_due, last_ended)

    def erroneous_rows(self) -> Iterator[ErroneousRow]:
        """Yield the rows of the current input that have an error, in input order."""
        return map(ErroneousRow._make, self._lines("erroneous_rows", shapes.ERRONEOUS_ROW))

    def created_rows(self, row_ids: Collection[int]) -> Sequence[CreatedRow]:
        """Return those of the rows with these IDs that are created and in the current input, in input order."""
        lines = self._lines("created_rows", shapes.CREATED, json.dumps([*row_ids]))
        return [*map(CreatedRow._make, lines)]
