"""Rules of line ends that may stand inside a record."""

from collections.abc import Callable

import pytest

from provisioner.sources import Source

Open = Callable[..., Source]

TORN = {
    "a CR in the last field of a file with LF": "Id,Name,Note\n1,Ada,he\rllo\n2,Bo,x\n",
    "a CR in the first field": "Id,Name,Note\n1\r1,Ada,hello\n2,Bo,x\n",
    "a CR in the last row": "Id,Name,Note\n2,Bo,x\n1,Ada,he\rllo",
    "a CR in the middle": "Id,Name,Note\n1,A\rda,hello\n2,Bo,x\n",
    "a CR in a file with CRLF": "Id,Name,Note\r\n1,Ada,he\rllo\r\n2,Bo,x\r\n",
    "an LF in a file with CRLF": "Id,Name,Note\r\n1,Ada,he\nllo\r\n2,Bo,x\r\n",
    "a CRLF in a file with LF": "Id,Name,Note\n1,Ada,he\r\nllo\n2,Bo,x\n",
    "an LF in a file with CR": "Id,Name,Note\r1,Ada,he\nllo\r2,Bo,x\r",
}


@pytest.mark.parametrize("text", TORN.values(), ids=TORN)
def test_neither_half_of_a_torn_record_is_a_row(opened: Open, text: str) -> None:
    """The first half may have all columns, and would be sent with its last value cut off."""
    records = list(opened(text.encode()).records())

    assert [next(iter(record.values)) for record in records if not record.problem] == ["2"]
    assert [bool(record.problem) for record in records].count(True) == 2


def test_all_parts_of_a_record_torn_twice_are_invalid(opened: Open) -> None:
    """Each of them is beside an unusual line end."""
    records = list(opened(b"Id,Name,Note\n1,Ada,he\rl\rlo\n2,Bo,x\n").records())

    assert [bool(record.problem) for record in records] == [True, True, True, False]
    assert "cuts in two: the lines of this file end with LF" in records[0].problem


def test_single_values_beside_a_lone_return_are_in_doubt(opened: Open) -> None:
    """With one column nothing tells a half from a row."""
    records = list(opened(b"Name\nAda\rLovelace\nBo\n").records())

    assert [bool(record.problem) for record in records] == [True, True, False]


MIXED = [
    b"Id,Name\n1,Ada\r2,Bo\r\n3,Cy\n4,Di\r",
    b"Id,Name\r\n1,Ada\n2,Bo\n3,Cy\n4,Di\n5\n6,Ed\n7,Flo\n8,Gus\n",
    b'Id,Name\n1,"A\rda"\n2,"B\r\no"\n',
    b"Id,Name\n" + b"1,Ada\n" * 50_000 + b"2,Bo\r3,Cy\n",
]


@pytest.mark.parametrize("content", MIXED)
def test_mixed_line_ends_between_whole_rows_tear_nothing(opened: Open, content: bytes) -> None:
    """Joined files have several kinds, and quoted fields any."""
    assert {record.problem for record in opened(content).records()} <= {"", "has 1 field, the header has 2"}


def test_a_torn_record_is_found_wherever_pieces_end(opened: Open) -> None:
    """Its halves may be in two pieces of the file."""
    for size in range(65_520, 65_545):
        filler = "x" * (size - len("Id,Name\n,1\n1,Ada"))
        records = list(opened(f"Id,Name\n{filler},1\n1,Ada\rx\n2,Bo\n".encode()).records())

        assert [bool(record.problem) for record in records] == [False, True, True, False]
