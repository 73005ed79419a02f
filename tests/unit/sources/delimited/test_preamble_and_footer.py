"""Rules of finding titles and footers in files too long to be looked at as a whole."""

import bz2
from collections.abc import Callable

import pytest

from provisioner.models import Record
from provisioner.sources import Source
from provisioner.sources.skipped import SkippedLine
from tests.unit.sources.corpus import footer

Open = Callable[..., Source]

ROWS = 9_000
TEXT = '"Contacts"\r\n\r\n"Id","Name"\r\n' + "".join(f'"{row}","Zoë\nÖst"\r\n' for row in range(ROWS)) + footer()
FIRST = 4 + 2 * ROWS
"""The line behind the last row."""


def packed(text: str) -> bytes:
    """Encode and compress a text."""
    return bz2.compress(text.encode("utf-16-le"))


WRITTEN: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16, packed": packed,
    "UTF-32 behind a mark of two bytes": lambda text: b"\xfe\xff" + text.encode("utf-32-le"),
}


@pytest.mark.parametrize("encode", WRITTEN.values(), ids=WRITTEN)
def test_a_long_report_is_read_between_its_title_and_its_footer(
    opened: Open, encode: Callable[[str], bytes]
) -> None:
    """Lines keep their numbers, line breaks within fields counted."""
    source = opened(encode(TEXT))

    records = list(source.records())

    assert len(records) == ROWS
    assert records[0] == Record(4, ["0", "Zoë\nÖst"])
    assert records[-1] == Record(FIRST - 2, [str(ROWS - 1), "Zoë\nÖst"])
    assert tuple(each for each in source.skipped if each.what != "blank line") == (
        SkippedLine(1, "title"),
        *(SkippedLine(FIRST + place, "footer") for place in range(1, 6)),
    )


@pytest.mark.parametrize("encode", WRITTEN.values(), ids=WRITTEN)
def test_what_is_behind_the_last_row_is_found_wherever_pieces_end(
    opened: Open, encode: Callable[[str], bytes]
) -> None:
    """The end of the file is read in pieces of any alignment."""
    for more in range(7):
        source = opened(encode("x" * more + TEXT))

        assert sum(each.what != "blank line" for each in source.skipped) == 6


def test_a_note_names_lines_together(opened: Open) -> None:
    """One line is named alone."""
    source = opened(b"sep=,\nContacts\nof 2026\na,b\n1,2\nTotal\n")

    assert source.skipped.note == (
        "skipped because they are not rows: line 1 (separator line), lines 2-3 (title), line 6 (footer)"
    )
