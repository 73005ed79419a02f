"""SheetLayout of a sheet: which of its rows is the header, and which are titles above it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from provisioner.sources.delimited.preamble import count_titles

from .sheet_rows import SheetRow


class SheetLayout(NamedTuple):
    """Header of a sheet, and the numbers of the rows with titles above it."""

    header: SheetRow
    titles: Sequence[int]


def find_layout(rows: Sequence[SheetRow]) -> SheetLayout:
    """Return the layout of a sheet that begins with these rows, of which there is at least one.

    Titles are recognised as in delimited text; see ``count_titles``. A sheet has no empty cells at the end of a
    row, so the rows are filled up to the width of the widest first.
    """
    width = max(len(row.texts) for row in rows)
    few = max(1, width // 3)
    records = [
        row.texts if sum(map(bool, row.texts)) <= few else row.texts + [""] * (width - len(row.texts))
        for row in rows
    ]
    parted = {place for place, (before, row) in enumerate(pairwise(rows), 1) if row.line > before.line + 1}
    count = count_titles(records, parted)
    return SheetLayout(rows[count], [row.line for row in rows[:count]])
