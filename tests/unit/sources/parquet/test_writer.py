"""Rows of Parquet files written back: the same types and values, whatever they are."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provisioner.models.output_columns import FAILED_COLUMNS
from provisioner.sources import Source

Open = Callable[..., Source]
FILES = Path(__file__).parent / "files"
EXTRA = ("invalid", "invalid_row", "wrong é")


def written(sources: list[Source], lines: list[set[int]]) -> pa.Table:
    """Write some rows of each source, by their lines, and return what stands in the file."""
    stream = io.BytesIO()
    with sources[0].writer(stream, FAILED_COLUMNS) as writer:
        for source, wanted in zip(sources, lines, strict=True):
            writer.begin(source)
            for record in source.records():
                if record.line in wanted:
                    writer.write(record, EXTRA)
    return pq.read_table(io.BytesIO(stream.getvalue()))


@pytest.mark.parametrize("name", ["pandas", "polars", "duckdb", "pyarrow", "faults", "not-utf-8"])
def test_rows_are_written_back_with_their_types_and_values(opened: Open, name: str) -> None:
    """Nothing is converted on the way, not even what could not be read; three texts follow."""
    content = (FILES / f"{name}.parquet").read_bytes()
    original = pq.read_table(io.BytesIO(content))

    found = written([opened(content)], [{2}])

    assert found.schema.names == [*original.schema.names, *FAILED_COLUMNS]
    assert [found.schema.field(each.name) for each in original.schema] == list(original.schema)
    own = found.select(original.schema.names)
    assert str(own.combine_chunks()) == str(original.slice(1, 1).combine_chunks())
    assert [found.column(each)[0].as_py() for each in FAILED_COLUMNS] == list(EXTRA)
    assert found.schema.metadata == original.schema.metadata


def test_rows_of_several_files_and_groups_keep_their_places(opened: Open) -> None:
    """One file holds the rows to fix of a whole glob."""
    sources = []
    for name, start in (("a", 0), ("b", 10_000)):
        stream = io.BytesIO()
        pq.write_table(pa.table({"id": list(range(start, start + 3_000))}), stream, row_group_size=700)
        sources.append(opened(stream.getvalue(), f"{name}.parquet"))

    found = written(sources, [{1, 700, 701, 2_999, 3_000}, {1_000, 1_001}])

    assert found.column("id").to_pylist() == [0, 699, 700, 2_998, 2_999, 10_999, 11_000]


def test_fed_back_in_the_file_is_an_input_with_the_same_rows(opened: Open) -> None:
    """Its own columns are replaced by new ones when it has to be fixed again."""
    first = io.BytesIO()
    pq.write_table(written([opened((FILES / "pandas.parquet").read_bytes())], [{1, 3}]), first)
    again = opened(first.getvalue(), "again.parquet")

    found = written([again], [{2}])

    assert again.columns[-3:] == FAILED_COLUMNS
    assert found.schema.names == list(again.columns)
    assert found.column("Name").to_pylist() == ["Cy Roe"]


def test_a_file_without_rows_to_fix_has_the_columns(opened: Open) -> None:
    """Other programs read it as an empty table."""
    found = written([opened((FILES / "pandas.parquet").read_bytes())], [set()])

    assert found.num_rows == 0
    assert "Name" in found.schema.names


def test_a_failing_write_is_that_error_and_closes_everything(opened: Open) -> None:
    """A full disk is not a damaged input, and nothing fails a second time at the garbage collector."""
    source = opened((FILES / "pandas.parquet").read_bytes())

    def write_row() -> None:
        with Path("/dev/full").open("wb") as stream, source.writer(stream, FAILED_COLUMNS) as writer:
            writer.begin(source)
            writer.write(next(iter(source.records())), EXTRA)

    with pytest.raises(OSError, match="No space left"):
        write_row()
