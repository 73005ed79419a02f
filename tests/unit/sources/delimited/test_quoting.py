"""Rules of the ways in which fields are quoted and characters escaped."""

import io
from collections.abc import Callable

import pytest

from provisioner.sources import Source
from provisioner.sources.delimited.parsing import Quoting, raw_fields

Open = Callable[..., Source]


def values(source: Source) -> list[list[str]]:
    """Return the values of all valid records."""
    return [list(record.values) for record in source.records() if not record.problem]


def test_a_quote_after_a_blank_opens_a_field(opened: Open) -> None:
    """The field has no blanks around it; those around other fields stay."""
    source = opened(b'Id, Name, Note\n1, "Bob", x\n2, "Muster, Ada" , "a ""b"", c"\n3,  "two\n lines" , 5" pipe\n')

    assert source.detection.quoting.value == "after blanks"
    assert values(source) == [
        ["1", "Bob", " x"],
        ["2", "Muster, Ada", 'a "b", c'],
        ["3", "two\n lines", ' 5" pipe'],
    ]
    assert "quotes after a blank are read as quotes" in next(iter(source.detection.notes()))


@pytest.mark.parametrize("blank", ["\t", "\xa0", " \xa0 "])
def test_any_blank_may_stand_before_a_quote(opened: Open, blank: str) -> None:
    """A tab, too, where it is not the delimiter, and a space that does not break."""
    source = opened(f'Id,Name\n1,{blank}"Bo"\n2,{blank}"Muster, Ada"{blank}\n'.encode())

    assert values(source) == [["1", "Bo"], ["2", "Muster, Ada"]]
    assert source.detection.quoting.value == "after blanks"


@pytest.mark.parametrize(
    "content",
    [
        b'Id,Name\n1,"a, ""b"""\n2,"c\n ""d"""\n',
        b'Id,Name\n1, "Bob" Smith\n2, Ada\n',
        b'Id,Name\n1,Ada\n2,5" pipe\n',
        b'Id, Name, Note\n1, Bo, "\n2, Ada, y\n3, Cy, "\n4, Di, x\n',
    ],
)
def test_other_blanks_before_quotes_are_text(opened: Open, content: bytes) -> None:
    """Inside quotes, where the quote does not enclose the field, and where it would enclose whole rows."""
    source = opened(content)

    assert not source.detection.quoting.value
    assert len(values(source)) == content.count(b"\n") - 1 - content.count(b"\n ")


def test_columns_with_numbers_that_excel_has_cut_are_told(opened: Open) -> None:
    """The digits are gone, whatever the column is for; its lines are named."""
    source = opened(b"Id,Phone,Name\n1,4.91512E+11,Ada\n2,030 1,Bo\n3,4.9E+12,E+1\n")

    assert len(values(source)) == 3
    assert list(source.skipped.notes) == [
        "column 'Phone' has numbers that Excel has cut to their first digits, as in 1.23457E+11: lines 2, 4"
    ]


def test_a_long_field_that_a_delimiter_does_not_end_is_given_up_at_once() -> None:
    """Each character is looked at a few times, and not once for every way to divide those before it."""
    assert raw_fields(200 * "ab" + "\\", ",", Quoting.BACKSLASH) == []
    assert raw_fields(200 * "ab" + ',"\\"c"', ",", Quoting.BACKSLASH) == [200 * "ab", '"\\"c"']


def test_a_line_break_that_is_escaped_at_the_end_of_a_record_is_part_of_it(opened: Open) -> None:
    """The line end is the one after it."""
    source = opened(b"id\tname\tnote\\\n\n1\tAna\tx\\\n\n2\tBo\t\\N\n")

    assert source.columns == ("id", "name", "note\n")
    assert values(source) == [["1", "Ana", "x\n"], ["2", "Bo", ""]]

    stream = io.BytesIO()
    with source.writer(stream, ["_status"]) as writer:
        for record in source.records():
            writer.write(record, ["invalid"])

    assert stream.getvalue() == (b"id\tname\tnote\\\n\t_status\n1\tAna\tx\\\n\tinvalid\n2\tBo\t\\N\tinvalid\n")
