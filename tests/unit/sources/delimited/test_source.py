"""Rules of reading delimited text."""

from collections.abc import Callable

import pytest

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources import Source
from provisioner.sources.text.decoding import MAX_RECORD_SIZE

Open = Callable[..., Source]


def test_a_record_has_its_values_along_the_columns_and_the_line_it_starts_on(opened: Open) -> None:
    """Embedded newlines and blank lines count as physical lines, wherever the next record starts."""
    source = opened(b'name,topic\n"Ada","one\ntwo"\n\nBo,three\n')

    records = list(source.records())

    assert source.columns == ("name", "topic")
    assert not source.has_dynamic_columns
    assert records == [Record(2, ["Ada", "one\ntwo"]), Record(5, ["Bo", "three"])]


def test_records_can_be_read_again_while_a_pass_is_under_way(opened: Open) -> None:
    """Every pass starts at the first record and disturbs no other."""
    source = opened(b"name,topic\nAda,1\nBo,2\n")
    first = source.records()
    next(first)

    second = [record.values for record in source.records()]

    assert second == [["Ada", "1"], ["Bo", "2"]]
    assert next(first).values == ["Bo", "2"]


def test_a_number_sign_begins_no_comment(opened: Open) -> None:
    """Rows that begin with it are rows, and values go on behind it, whatever the other rows look like."""
    source = opened(b"ticket,name,plan\n#1001,Ada,gold\n,Bo,see #1001\n1003,Cy,gold\n#1004,Di,gold\n")

    assert [record.values for record in source.records()] == [
        ["#1001", "Ada", "gold"],
        ["", "Bo", "see #1001"],
        ["1003", "Cy", "gold"],
        ["#1004", "Di", "gold"],
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(opened: Open, end: str) -> None:
    """LF, CRLF and a lone CR end records; inside quotes they stay as they are."""
    text = end.join(["name,topic", f'Ada,"a{end}b"', "Bo,2", ""])

    records = list(opened(text.encode()).records())

    assert records == [Record(2, ["Ada", f"a{end}b"]), Record(4, ["Bo", "2"])]


def test_mixed_line_ends_are_read_and_counted(opened: Open) -> None:
    """One file may hold all three line ends."""
    records = list(opened(b'name,topic\r\nAda,"a\rb\nc"\rBo,2\nCy,3').records())

    assert records == [Record(2, ["Ada", "a\rb\nc"]), Record(5, ["Bo", "2"]), Record(6, ["Cy", "3"])]


def test_a_line_end_torn_between_two_pieces_is_one_line_end(opened: Open) -> None:
    """Reading in pieces never turns a CRLF into two lines."""
    for size in range(65_520, 65_540):
        filler = "x" * (size - len("name,topic\r\n,1\r\n"))
        source = opened(f"name,topic\r\n{filler},1\r\nBo,2\r\n".encode())

        assert [record.line for record in source.records()] == [2, 3]


@pytest.mark.parametrize(
    "value",
    [
        "007",
        " padded ",
        "NULL",
        "",
        "1.10",
        "=1+1",
        "é",
        "e\u0301",
        "🎈",
        "שלום",
        "a\u2028b\x0bc\x85d",
        '"q"',
        "\t",
    ],
)
def test_values_travel_exactly(opened: Open, value: str) -> None:
    """Nothing is stripped, normalised or guessed."""
    quoted = value.replace('"', '""')

    (record,) = opened(f'name,topic\n"{quoted}",1\n'.encode()).records()

    assert record.values == [value, "1"]


def test_columns_are_the_header_to_the_letter(opened: Open) -> None:
    """Blank, padded and repeated names stay: only using an ambiguous one is a fault, and not here."""
    source = opened(b'name, name ,,name,"two\nlines"\n1,2,3,4,5\n')

    assert source.columns == ("name", " name ", "", "name", "two\nlines")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Ada", "has 1 field, the header has 2"),
        ("Ada,1,", "has 3 fields, the header has 2"),
        (",,x", "has 3 fields, the header has 2"),
    ],
)
def test_a_ragged_row_has_a_problem_and_reading_goes_on(opened: Open, row: str, problem: str) -> None:
    """A row of another width is neither filled up, nor cut off, nor dropped."""
    first, second = opened(f"name,topic\n{row}\nBo,2\n".encode()).records()

    assert (first.line, first.problem) == (2, problem)
    assert second == Record(3, ["Bo", "2"])


def test_a_single_column_is_read_without_its_empty_values(opened: Open) -> None:
    """A pair of quotes is a record without a value; a blank line is no record either."""
    source = opened(b'name\nAda\n""\n\nBo\n')

    assert [record.values for record in source.records()] == [["Ada"], ["Bo"]]
    assert [(each.line, each.what) for each in source.skipped] == [(3, "empty record"), (4, "blank line")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'name,topic\nAda,1\n"Bo,2\nCy,3\n', "line 3: a quote in the record that starts here is never closed"),
        (
            b'name,topic\nAda,"\n\n1"\nBo,"2" or 3\nCy,4\n',
            "line 5: text follows a closing quote in the record that starts here",
        ),
        (
            b'name,topic\nAda,1\nBo,"' + b"x" * 2**20 + b'x"\n',
            "line 3: a field of this record is longer than 1 MiB; most likely a quote is not closed",
        ),
        (
            b'name,topic\nAda,"' + b'1\n","' * MAX_RECORD_SIZE,
            "line 2: the record that starts here is longer than 4 MiB; most likely a quote is not closed",
        ),
        (b"name,topic\nAda," + b"1," * MAX_RECORD_SIZE, "line 2: is a line of more than 4 MiB"),
    ],
    ids=["unclosed", "stray", "long field", "endless record", "endless line"],
)
def test_a_file_that_cannot_be_trusted_from_a_line_on_is_refused(
    opened: Open, content: bytes, message: str
) -> None:
    """The error names the line where the doubtful record starts, and how to cure it."""
    with pytest.raises(InputError) as caught:
        list(opened(content).records())

    assert caught.value.cure
    assert caught.value.message.endswith(message)


def test_a_fault_far_into_the_file_is_found_by_the_pass(opened: Open) -> None:
    """The start of a file vouches for nothing that follows."""
    source = opened(b"name,topic\n" + b"Ada,1\n" * 100_000 + b'Bo,"2\n')
    records = source.records()

    with pytest.raises(InputError) as caught:
        list(records)

    assert caught.value.line == 100_002


def test_a_nul_character_is_refused_with_its_line(opened: Open) -> None:
    """Text has no NUL, so what holds one is not the text it was taken for."""
    content = b"name,topic\r\n" + b"Ada,1\r\n" * 50_000 + b"Bo,\0\r\n"

    with pytest.raises(InputError, match="holds a NUL character") as caught:
        opened(content)

    assert caught.value.line == 50_002


@pytest.mark.parametrize(
    "content", [b"name,topic", b"name,topic\n", b"\n\nname,topic\n\n\n", b"\xef\xbb\xbfname\n"]
)
def test_a_header_without_rows_is_an_input_without_rows(opened: Open, content: bytes) -> None:
    """An export of nothing is what a schedule brings on a quiet day."""
    source = opened(content)

    assert source.columns[0] == "name"
    assert list(source.records()) == []


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\r\n"])
def test_an_empty_file_is_refused(opened: Open, content: bytes) -> None:
    """Blank lines and a byte order mark are as empty as nothing."""
    with pytest.raises(InputError, match="is empty"):
        opened(content)
