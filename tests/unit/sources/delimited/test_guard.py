"""Rules of cells with the formula guard: what a results file was given is read as it was before."""

import csv
import io
from collections.abc import Callable

import pytest
from msgspec import structs

from provisioner.models import Result
from provisioner.results import Format, InputColumns, write_results
from provisioner.sources import Source

Open = Callable[..., Source]

UNSENT = Result(
    row=1,
    line=2,
    source="a.csv",
    key=None,
    status="unsent",
    conversation_sid=None,
    identity=None,
    error_code=None,
    error=None,
    http_status=None,
    attempts=0,
    twilio_request_id=None,
    settled_at=None,
    latency_ms=None,
    message_sid=None,
)
CELLS = (
    "+44 20 7946 0958",
    "=1+1",
    "-5",
    "@home",
    "\tindented",
    "two\n=lines",
    "a;'=b",
    "'=quoted",
    "''+",
    "O'Brien",
    "",
    "-",
)


def results_of(names: tuple[str, ...], rows: list[list[str]]) -> bytes:
    """Return the input's columns of a results file, as a person cuts them out of it."""
    stream = io.BytesIO()
    results = [structs.replace(UNSENT, row=number) for number in range(len(rows))]
    write_results(stream, results, Format.CSV, inputs=InputColumns(names, rows))
    cut = io.StringIO(newline="")
    for cells in csv.reader(io.StringIO(stream.getvalue().decode(), newline="")):
        csv.writer(cut).writerow(cells[len(Result.__struct_fields__) :])
    return cut.getvalue().encode()


def test_columns_cut_out_of_a_results_file_are_the_input_again(opened: Open) -> None:
    """The guard's apostrophes are taken off, which is told; written again, there is one and never two."""
    rows = [[str(number), cell] for number, cell in enumerate(CELLS)]
    once = results_of(("id", "=Phone"), rows)

    source = opened(once)

    assert source.columns == ("id", "=Phone")
    assert [record.values for record in source.records()] == rows
    assert "the apostrophes before = + - @" in next(iter(source.detection.notes()))
    assert results_of(source.columns, [list(record.values) for record in source.records()]) == once


def test_rows_to_fix_of_guarded_cells_are_written_as_they_came(opened: Open) -> None:
    """Byte for byte, so that the file fits to those beside it; a row that could not be read is not touched."""
    content = b"id,Phone\r\n1,'+44 20\r\n2,O'Brien\r\n3,'=1,too many\r\n"
    source = opened(content)
    stream = io.BytesIO()

    with source.writer(stream, ()) as writer:
        for record in source.records():
            writer.write(record, ())

    assert stream.getvalue() == content
    again = opened(stream.getvalue())
    assert [record.values for record in again.records()][:2] == [["1", "+44 20"], ["2", "O'Brien"]]


@pytest.mark.parametrize(
    "content",
    [
        b"id,Phone\n1,'+44 20\n2,+44 30\n",
        b"id,Phone,amount\n1,'+44 20,-5\n",
        b"id,Phone\n1,+44 20\n",
        b"id,name\n1,O'Brien\n2,'t Hooft\n",
    ],
)
def test_apostrophes_that_are_no_guard_of_the_whole_file_are_text(opened: Open, content: bytes) -> None:
    """Where a cell that needs the guard has none, another program wrote the others so; nothing is guessed."""
    source = opened(content)

    lines = content.decode().splitlines()[1:]
    assert [",".join(record.values) for record in source.records()] == lines
    assert list(source.detection.notes()) == []


def test_other_dialects_have_the_same_guard(opened: Open) -> None:
    """A spreadsheet may have saved the columns with another delimiter."""
    source = opened(b"id\tPhone\n1\t'+44 20\n", delimiter="tab")

    assert [record.values for record in source.records()] == [["1", "+44 20"]]
