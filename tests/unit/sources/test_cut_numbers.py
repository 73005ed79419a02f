"""Rules of numbers that a spreadsheet program has cut, in columns that may be no key."""

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provisioner.sources import Source
from tests.unit.sources.workbooks import book_of

Open = Callable[..., Source]

NAMES = ("Name", "Phone")
ROWS = (("Ada", "4.91512E+11"), ("Bo", "030 1"), ("E", "+1"), ("Cy", "4.9E+12"))
OBJECTS = [f'{{"Name":"{name}","Phone":"{phone}"}}' for name, phone in ROWS]


def parquet() -> bytes:
    """Return the rows as a Parquet file."""
    stream = io.BytesIO()
    pq.write_table(pa.table({name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}), stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.csv", "\n".join(map(",".join, (NAMES, *ROWS))).encode(), "2, 5"),
        ("a.jsonl", "\n".join(OBJECTS).encode(), "1, 4"),
        ("a.json", "[\n{}]".format(",\n".join(OBJECTS)).encode(), "2, 5"),
        ("a.xlsx", book_of([NAMES, *ROWS]), "2, 5"),
        ("a.parquet", parquet(), "1, 4"),
    ],
)
def test_columns_with_cut_numbers_are_told_in_every_format(
    opened: Open, name: str, content: bytes, lines: str
) -> None:
    """The digits are gone, whatever the format is in which the table was saved afterwards."""
    source = opened(content, name=name)

    assert len(list(source.records())) == len(ROWS)
    assert list(source.skipped.notes) == [
        f"column 'Phone' has numbers that Excel has cut to their first digits, as in 1.23457E+11: lines {lines}"
    ]
