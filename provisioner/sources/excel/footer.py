"""Footer of a report in a workbook, found at the end of a stream of rows."""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.sources.delimited.footer import MOST_LINES, footer_kinds_of_cells
from provisioner.sources.skipped import SkippedRecords

from .sheet_rows import SheetRow


def without_footer(rows: Iterable[SheetRow], skipped: SkippedRecords) -> Iterator[SheetRow]:
    """Yield the rows of a sheet that have a text, without those of a footer, which are added to ``skipped``.

    Rows with one filled cell are held back, at most ``MOST_LINES``, until it is known whether others follow.
    """
    held: list[SheetRow] = []
    for row in rows:
        texts = row.texts
        if (texts[0] and len(texts) > 1) or any(texts[:-1]) or row.faults:
            if held:
                yield from held
                held.clear()
            yield row
        else:
            held.append(row)
            if len(held) > MOST_LINES:
                yield held.pop(0)
    count = _count_footer(held, skipped) if held else 0
    yield from held[: len(held) - count]


def _count_footer(last: Sequence[SheetRow], skipped: SkippedRecords) -> int:
    """Return how many of the last rows of a sheet are a footer, and add them to ``skipped``."""
    cells: list[Sequence[str]] = []
    lines: list[SheetRow | None] = []
    for before, row in zip([None, *last[:-1]], last, strict=True):
        if before is None or row.line > before.line + 1:
            cells.append([])
            lines.append(None)
        cells.append(row.texts)
        lines.append(row)
    kinds = footer_kinds_of_cells(cells)
    found = [(row, kind) for row, kind in zip(lines[len(lines) - len(kinds) :], kinds, strict=True) if row]
    for row, kind in found:
        skipped.add(row.line, kind)
    return len(found)
