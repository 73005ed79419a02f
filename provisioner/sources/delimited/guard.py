"""Recognition of a delimited text whose cells have the formula guard, as the columns of a results file have it."""

from collections.abc import Sequence
from itertools import islice

from msgspec import structs

from provisioner.sources.detection import Detection
from provisioner.system.patterns import late_pattern

from .formula_guard import guarded, unguarded
from .source import DelimitedSource

_SAMPLE_RECORDS = 1_000
_MARK = late_pattern("'[=+\\-@\\0\\t\\r\\n＝＋－＠]")  # noqa: RUF001 - full-width signs, see formula_guard
_NOTE = (
    "the apostrophes before = + - @ at the start of a cell, with which results files and others keep spreadsheets "
    "from running it, are taken off"
)


def recognize_guard(source: DelimitedSource) -> DelimitedSource:
    """Return the source, reading without the guard's apostrophes if the header and first 1,000 records have them.

    They have the guard when it would be put again exactly where it is. A text in which only some of the cells that
    need it have an apostrophe is another program's, and is not changed.
    """
    head = source.raw_input.head().decode(source.detection.encoding.value, errors="ignore")
    if not _MARK.search(head) or not _has_guard(source):
        return source
    return structs.replace(
        source,
        detection=_told(source.detection),
        columns=tuple(map(unguarded, source.columns)),
        is_guarded=True,
    )


def _has_guard(source: DelimitedSource) -> bool:
    is_found = False
    rows = (record.values for record in islice(source.records(), _SAMPLE_RECORDS) if not record.problem)
    for cells in (list(source.columns), *rows):
        plain = [unguarded(cell) for cell in cells]
        if not _are_equal(guarded(plain), cells):
            return False
        is_found = is_found or plain != cells
    return is_found


def _are_equal(one: Sequence[str], other: Sequence[str] | dict[str, str]) -> bool:
    return list(one) == other


def _told(detection: Detection) -> Detection:
    return structs.replace(detection, note="; ".join(filter(None, (detection.note, _NOTE))))
