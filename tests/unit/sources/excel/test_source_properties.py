"""What holds for every workbook, whole or spoilt."""

import io
from contextlib import suppress
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources import Source
from provisioner.sources.excel.cells import escape_xml
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.open import open_source
from tests.unit.sources.workbooks import book_of, with_shared, with_sheet

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SPIKY = st.text(st.sampled_from(list("_x000D5F\r\n\t \x01=#")), max_size=16)
VALUE = (
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.floats(-1e9, 1e9, allow_nan=False)
    | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001 - Excel knows no zones
    | st.sampled_from(["#N/A", 10**17])
)
ROWS = st.lists(st.lists(VALUE, min_size=1, max_size=4), min_size=1, max_size=4)

SHEET = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="str"><v>b</v></c></row>'
    '<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" t="inlineStr"><is><t>x</t></is></c></row>'
    '<row r="3"><c r="A3" t="b"><v>1</v></c><c r="B3" t="e"><v>#N/A</v></c></row>'
    '<row r="9"><c r="A9" t="d"><v>2026-01-31</v></c><c r="C9"><f>1+1</f><v>2</v></c></row>'
)
SHARED = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>a</t></si></sst>'
WHOLE = with_shared(with_sheet(SHEET), SHARED)


def source_of(content: bytes) -> Source:
    """Open a workbook that lies in memory."""
    return open_source(RawInput("fuzz", lambda: io.BufferedReader(io.BytesIO(content))), InputOptions())


def written(source: Source) -> bytes:
    """Write all records of a source back."""
    stream = io.BytesIO()
    with source.writer(stream, ["_status"]) as writer:
        for record in source.records():
            writer.write(record, ["invalid"])
    return stream.getvalue()


@unhurried
@given(st.lists(TEXT | SPIKY, min_size=1, max_size=5))
def test_texts_come_back_to_the_letter(texts: list[str]) -> None:
    """Whatever XML makes of them."""
    source = source_of(book_of([["a", "b"], *(["x", escape_xml(text)] for text in texts)]))

    assert [list(record.values) for record in source.records()] == [["x", text] for text in texts]
    assert [list(record.values) for record in source_of(written(source)).records()] == [
        ["x", text, "invalid"] for text in texts
    ]


@unhurried
@given(ROWS)
def test_rows_written_back_are_read_as_the_same_rows(rows: list[list[object]]) -> None:
    """Feeding failed rows in again changes nothing about them, nor about what is wrong with them."""
    source = source_of(book_of([["a", "b", "c"], *rows, ["end"]]))
    before = list(source.records())

    after = list(source_of(written(source)).records())

    assert [record.values for record in after] == [
        [*list(record.values)[:3], "invalid", *list(record.values)[3:]] for record in before
    ]
    assert [bool(record.problem) for record in after] == [bool(record.problem) for record in before]
    assert len(before) == 1 + sum(any(value is not None for value in row) for row in rows)


@st.composite
def _spoilt(draw: st.DrawFn, content: bytes) -> bytes:
    """Change a few bytes."""
    spoilt = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(spoilt)))
        byte = draw(st.sampled_from(list(b'<>"/& 019Acrst=')) | st.integers(0, 255))
        spoilt[place : place + draw(st.integers(0, 2))] = bytes([byte])
    return bytes(spoilt)


@settings(unhurried, max_examples=150)
@given(_spoilt(WHOLE) | _spoilt(SHEET.encode()).map(lambda sheet: with_sheet(sheet.decode("latin-1"))))
def test_any_bytes_end_in_records_or_an_input_error(content: bytes) -> None:
    """No other exception, and the same on every pass."""
    with suppress(InputError):
        source = source_of(content)
        records = list(source.records())

        assert records == list(source.records())
        for record in records:
            assert len(record.values) >= len(source.columns)
            assert bool(record.problem) or len(record.values) == len(source.columns)
