"""Where the columns of a results file stand, also after a spreadsheet program or a script has saved it again."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Self

from provisioner.models.output_columns import ACCOUNT_COLUMNS, folded_name
from provisioner.system.patterns import late_pattern

SEPARATOR_LINE = late_pattern(r'\A"?sep=[^\r\n]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""Line before the header by which Excel is told the delimiter."""
_PLACED = 3
"""The first of our columns say where in the input a row stood."""
_SEPARATORS = (",", ";", "\t", "|")


class Layout(NamedTuple):
    """The header of a table with results: its delimiter, its number of columns, and where ours stand.

    ``places`` are in the order of ``ACCOUNT_COLUMNS``, None for a column that is not there. The account is there
    in the results of a job for many accounts.
    """

    delimiter: str
    width: int
    places: Sequence[int | None]

    @classmethod
    def of(cls, names: Sequence[str], delimiter: str = "") -> Self:
        """Return the layout of a table with the columns ``names``, whose order and other columns do not matter.

        A column in another spelling (case, blanks, ``_``, ``-``) is ours when it is the only one of that name.
        """
        exact = {name: place for place, name in enumerate(names)}
        folded = [folded_name(name) for name in names]
        places = [_place(name, exact, folded) for name in ACCOUNT_COLUMNS]
        if places[0] is None:  # a row number is never guessed from where the row stood
            places[:_PLACED] = [None] * _PLACED
        return cls(delimiter, len(names), places)

    @classmethod
    def of_text(cls, start: str) -> Self:
        """Return the layout of delimited text that begins with ``start``, by the delimiter that fits best."""
        start = SEPARATOR_LINE.sub("", start, count=1)
        readings = (_first_record(start, delimiter) for delimiter in _SEPARATORS)
        layouts = [cls.of(names, delimiter) for names, delimiter in zip(readings, _SEPARATORS, strict=True)]
        return max(layouts, key=lambda each: len(each.places) - each.places.count(None))

    def lacks(self, needed: Collection[str]) -> Sequence[str]:
        """Return those of the needed columns that are not there."""
        return [
            name
            for name, place in zip(ACCOUNT_COLUMNS, self.places, strict=True)
            if place is None and name in needed
        ]

    @property
    def is_as_written(self) -> bool:
        """Whether our columns stand first, all of them and in order; the account may be missing, and only it."""
        own = range(len(ACCOUNT_COLUMNS))
        return [*self.places] in ([*own], [*own[:-1], None])


def _first_record(text: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _place(name: str, exact: dict[str, int], folded: Sequence[str]) -> int | None:
    if name in exact:
        return exact[name]
    same = _places(folded_name(name), folded)
    return same[0] if len(same) == 1 else None


def _places(name: str, folded: Iterable[str]) -> Sequence[int]:
    return [place for place, each in enumerate(folded) if each == name]
