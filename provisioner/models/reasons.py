"""Reasons why rows were not created, as text for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.models import MessageStatus, Status
from provisioner.models.text import pluralize

MOST_REASONS = 5
"""Maximum number of reasons that are shown at the end of a command."""


MOST_NAMED = 10
"""Maximum number of rows that a message lists by number; the results file lists all."""


NEVER_PLANNED = "no input was planned in this ledger yet, so it knows of no row"
"""Note about a ledger whose first run ended before it had read its input."""


@dataclass(frozen=True, slots=True)
class ErrorReason:
    """Why ``rows`` rows were not created: their status, their common error code, and one of their error sentences.

    ``of`` is the noun of what has this status: ``row``, or ``first message``.
    """

    status: Status | MessageStatus
    code: str
    sentence: str
    rows: int
    of: str = "row"

    def __str__(self) -> str:
        """Return the reason as one line, such as ``12 rows unsent: timeout, …``."""
        why = ", ".join(filter(None, (self.code, self.sentence)))
        return f"{pluralize(self.of, self.rows)} {self.status}: {why}"


def format_row_list(rows: Sequence[int], total: int) -> str:
    """Return up to ``MOST_NAMED`` row numbers in brackets, such as `` (rows 3, 7 and 12 more)``.

    ``rows`` are the first numbers, ``total`` is how many rows there are. Return an empty text for no rows.
    """
    if not rows:
        return ""
    named = ", ".join(f"{row}" for row in rows[:MOST_NAMED])
    more = f" and {total - MOST_NAMED:,} more" if total > MOST_NAMED else ""
    return f" ({'row' if total == 1 else 'rows'} {named}{more})"
