"""Note on columns with numbers of which a spreadsheet program has kept only the first digits."""

from collections.abc import Collection, Iterable

from provisioner.rows import holds_cut_number
from provisioner.system.printable import quoted

from .skipped import SkippedRecords

_CUT_NUMBERS = "numbers that Excel has cut to their first digits, as in 1.23457E+11"


def mention_cut_numbers(
    skipped: SkippedRecords, line: int, columns: Iterable[str], values: Collection[str]
) -> None:
    """Tell of each column that has such a number in the row that begins on ``line``."""
    if not holds_cut_number("\n".join(values)):
        return
    for name, value in zip(columns, values, strict=False):
        if holds_cut_number(value):
            skipped.mention(line, f"column {quoted(name)} has {_CUT_NUMBERS}")
