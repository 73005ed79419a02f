"""Why rows were not created, as text for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.models import MessageStatus, Status
from provisioner.models.text import pluralize

MOST_REASONS = 5
"""More are for ``provisioner status``, and for the results."""


MOST_NAMED = 10
"""Rows that are named by their numbers; the results name them all."""


@dataclass(frozen=True, slots=True)
class ErrorReason:
    """Why rows were not created: their status, the code they share, and the sentence of one of them.

    ``of`` says where it is something else of theirs that has this status.
    """

    status: Status | MessageStatus
    code: str
    sentence: str
    rows: int
    of: str = "row"

    def __str__(self) -> str:
        """Render as ``12 rows unsent: timeout, …``."""
        why = ", ".join(filter(None, (self.code, self.sentence)))
        return f"{pluralize(self.of, self.rows)} {self.status}: {why}"


def format_row_list(rows: Sequence[int], total: int) -> str:
    """Name rows in brackets by their numbers, as many as are worth reading; nothing where there are none."""
    if not rows:
        return ""
    named = ", ".join(f"{row}" for row in rows[:MOST_NAMED])
    more = f" and {total - MOST_NAMED:,} more" if total > MOST_NAMED else ""
    return f" ({'row' if total == 1 else 'rows'} {named}{more})"
