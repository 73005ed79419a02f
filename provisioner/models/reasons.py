"""Reasons why rows were not created, as text for people."""

from collections.abc import Iterable, Sequence

import msgspec

from provisioner.models import MessageStatus, Problem, SettingsStatus, Status
from provisioner.models.text import pluralize
from provisioner.system.patterns import late_pattern

MOST_REASONS = 5
"""Maximum number of reasons that are shown at the end of a command."""


MOST_NAMED = 10
"""Maximum number of rows that a message lists by number; the results file lists all."""


NEVER_PLANNED = "no input was planned in this ledger yet, so it knows of no row"
"""Note about a ledger whose first run ended before it had read its input."""


class ErrorReason(msgspec.Struct, frozen=True):
    """Why ``rows`` rows were not created: their status, their common error code, and one of their error sentences.

    ``of`` is the noun of what has this status: ``row``, ``settings update`` or ``first message``.
    """

    status: Status | MessageStatus | SettingsStatus
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


_NUMBER = late_pattern(r"\d[\d,]*")
_MOST_GROUPS = 1_000


class InvalidReason(msgspec.Struct):
    """One problem that several rows have; texts that differ only in their numbers count as one.

    ``problem`` is that of the first row. ``rows`` is the number of rows, and ``first_rows`` are the first of their
    input row numbers.
    """

    problem: Problem
    rows: int = 0
    first_rows: list[int] = msgspec.field(default_factory=list)
    _numbers: list[str] | None = None
    _last_row: int = 0

    def count(self, row: int, reason: str) -> None:
        """Add a row whose problem has this text; a row is counted once."""
        if reason != self.problem.reason and (self._numbers is None or any(self._numbers)):
            numbers = self._numbers or _NUMBER.findall(self.problem.reason)
            pairs = zip(numbers, _NUMBER.findall(reason), strict=True)
            self._numbers = [number if number == other else "" for number, other in pairs]
        if row != self._last_row:
            self.rows, self._last_row = self.rows + 1, row
            if len(self.first_rows) < MOST_NAMED:
                self.first_rows.append(row)

    def __str__(self) -> str:
        """Return one line, such as ``2 rows invalid: key: is empty (rows 2, 7)``; … is a number that differs."""
        problem = self.problem
        if self._numbers is not None:
            numbers = iter(self._numbers)
            text = _NUMBER.sub(lambda _: next(numbers) or "…", problem.reason)
            problem = Problem(problem.field, problem.column, text)
        return f"{pluralize('row', self.rows)} invalid: {problem}{format_row_list(self.first_rows, self.rows)}"


def group_problems(problems: Iterable[tuple[int, Problem]]) -> list[InvalidReason]:
    """Return the problems of rows, given with input row numbers and in their order, as reasons.

    The most frequent one is the first.
    """
    groups: dict[tuple[str, str, str], InvalidReason] = {}
    for row, problem in problems:
        key = (problem.field, problem.column, _NUMBER.sub("", problem.reason))
        group = groups.get(key)
        if group is None:
            if len(groups) == _MOST_GROUPS:
                continue
            group = groups[key] = InvalidReason(problem)
        group.count(row, problem.reason)
    return sorted(groups.values(), key=lambda each: -each.rows)
