"""Tables of a sheet, as far as rows are concerned: the totals below their rows."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .sheet_rows import COLUMNS
from .xml_reader import PartHandler, XmlError, parsed

_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?[0-9]{1,7}:\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


class Totals(NamedTuple):
    """Totals of a table: the numbers of their rows, and the first and last column, all from 1."""

    first_line: int
    last_line: int
    first_column: int
    last_column: int

    def hold(self, line: int, texts: list[str]) -> bool:
        """Return whether all values of a row belong to these totals."""
        if not self.first_line <= line <= self.last_line or len(texts) > self.last_column:
            return False
        return not any(texts[: self.first_column - 1])


class _TableHandler(PartHandler):
    def __init__(self) -> None:
        super().__init__(("table",))
        self.totals: Totals | None = None

    def open_table(self, attributes: Mapping[str, str]) -> None:
        # totalsRowShown only says whether totals have ever been shown (ISO 29500, part 1, section 18.5.1.2).
        count = int(attributes.get("totalsRowCount", "0"))
        place = _RANGE.fullmatch(attributes.get("ref", ""))
        if not count:
            return
        if place is None:
            raise XmlError("a table has no place that could be told")
        last = int(place[3])
        self.totals = Totals(last - count + 1, last, COLUMNS[place[1]], COLUMNS[place[2]])


def read_totals(pieces: Iterable[bytes]) -> Totals | None:
    """Return the totals of a table, of whose part ``pieces`` are the bytes; None when it shows none."""
    handler = _TableHandler()
    for _ in parsed(pieces, handler):
        pass
    return handler.totals
