"""Rules of reading delimited files as they come: each is read right to the letter, or refused with a reason."""

import io
from collections.abc import Callable

import pytest

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources import Source
from provisioner.sources.skipped import BLANK_LINE
from tests.unit.sources.corpus import CASES, Case

Open = Callable[..., Source]

EXTRA = ("_status", "_error_code", "_error")
FAILED = ("rejected", "45715", "because, so")
KEPT = ("encoding", "bom", "format", "delimiter")
RIGHT = {name: case for name, case in CASES.items() if not case.error}
WRONG = {name: case for name, case in CASES.items() if case.error}


def test_the_corpus_is_worth_its_name() -> None:
    """Whoever removes files from it has to say so here."""
    assert len(CASES) >= 90


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_a_file_is_read_to_the_letter(opened: Open, case: Case) -> None:
    """What is found out about it, its columns, every value, and every line that is no row."""
    source = opened(case.content)
    records = list(source.records())

    found = {name: finding.value for name, finding in source.detection.findings()}
    assert found == {
        "compression": case.compression,
        "encoding": case.encoding,
        "bom": case.bom,
        "format": "csv",
        "delimiter": case.delimiter,
        "line_ends": case.line_ends,
    }
    assert source.detection.encoding.is_guess == case.is_guess
    assert source.columns == case.columns
    assert [record.values for record in records] == case.rows
    assert tuple(place for place, record in enumerate(records) if record.problem) == case.invalid
    assert tuple((each.line, each.what) for each in source.skipped if each.what != BLANK_LINE) == case.skipped
    if case.lines is not None:
        assert tuple(record.line for record in records) == case.lines


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_rows_that_failed_go_in_again(opened: Open, case: Case) -> None:
    """They are written as they came, and found out about as they were; titles and footers are not repeated."""
    source = opened(case.content)
    first = list(source.records())
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        for record in first:
            writer.write(record, FAILED)

    again = opened(stream.getvalue(), name="again.csv")
    records = list(again.records())

    was, now = dict(source.detection.findings()), dict(again.detection.findings())
    assert stream.getvalue().startswith(source.detection.mark)
    assert {name: now[name].value for name in KEPT} == {name: was[name].value for name in KEPT}
    assert again.columns == (*case.columns, *EXTRA)
    assert [bool(record.problem) for record in records] == [bool(record.problem) for record in first]
    assert [values_of(record)[: -len(EXTRA)] for record in records if not record.problem] == [
        record.values for record in first if not record.problem
    ]
    assert [each.what for each in again.skipped] == [what for _, what in case.skipped if what == "separator line"]


def values_of(record: Record) -> list[str]:
    """Return the values of a delimited record."""
    assert isinstance(record.values, list)
    return record.values


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_file_in_doubt_is_refused(opened: Open, case: Case) -> None:
    """The error says what is wrong, and the cure what to do."""
    with pytest.raises(InputError) as caught:
        list(opened(case.content).records())

    assert case.error in caught.value.message
    assert caught.value.cure
