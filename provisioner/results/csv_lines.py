"""Lines of CSV, as the ``csv`` module writes them, for less where there is nothing to take care of."""

import csv
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from provisioner.models import Result

from .formula_guard import begins_like_a_formula, begins_within, guarded, has_signs_of_care

_COMMAS = len(Result.__struct_fields__) - 1
"""In a line of our own columns."""


class CsvLines:
    """Forms lines as the ``csv`` module does; those that the guard changes have all their cells quoted."""

    def __init__(self, *, has_guard: bool) -> None:
        self._has_guard = has_guard
        returned = SimpleNamespace(write=str)  # what it is given, which ``writerow`` returns
        self._writer, self._quoting = csv.writer(returned), csv.writer(returned, quoting=csv.QUOTE_ALL)

    def lines(self, rows: Sequence[Sequence[Any]]) -> str:
        """Return the lines of some rows, with their ends."""
        if not self._has_guard:
            return "".join(map(self._writer.writerow, rows))
        text = "".join(
            [
                self._guarded(cells) if begins_like_a_formula(cells) else self._writer.writerow(cells)
                for cells in rows
            ]
        )
        return "".join(map(self._guarded, rows)) if begins_within(text, len(rows)) else text

    def _guarded(self, cells: Sequence[Any]) -> str:
        harmless = guarded(cells)
        line: str = (self._writer if harmless is cells else self._quoting).writerow(harmless)
        return line

    def own_lines(self, rows: Sequence[Sequence[Any]]) -> str:
        """Return the lines of some rows that have our columns only.

        Most of them need no care, and are joined for half of what the ``csv`` module takes.
        """
        joined = [
            ",".join([cell if cell.__class__ is str else "" if cell is None else str(cell) for cell in cells])
            for cells in rows
        ]
        text = "\r\n".join(joined)
        needs_care = has_signs_of_care(text)
        if not needs_care and _is_plain(text, len(rows)):
            return f"{text}\r\n"
        return "".join(
            [
                f"{line}\r\n"
                if _is_plain(line, 1) and not (needs_care and has_signs_of_care(line))
                else self.lines([cells])
                for line, cells in zip(joined, rows, strict=True)
            ]
        )


def _is_plain(text: str, lines: int) -> bool:
    """Say whether so many joined lines need no quotes, and no guard if they have no signs of care."""
    breaks = lines - 1
    return (
        text.count(",") == _COMMAS * lines
        and '"' not in text
        and text.count("\r") == breaks
        and text.count("\n") == breaks
        and ",-" not in text  # hyphens are too common to be looked for alone
    )
