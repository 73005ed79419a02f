"""What holds for every text and every sequence of bytes."""

import csv
import io
import json
from contextlib import suppress
from itertools import chain, pairwise

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources import Source
from provisioner.sources.delimited.formula_guard import unguarded
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.json.layouts import JsonLayout
from provisioner.sources.json.source import READERS
from provisioner.sources.open import open_source
from provisioner.sources.skipped import BLANK_LINE
from provisioner.sources.text.decoding import decoded, line_blocks

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
SPIKY = st.text(st.sampled_from(list(",;\t|\"'\r\n\u2028\x85 \ufeffaé🎈")), max_size=30)
VALUE = TEXT | SPIKY
CELL = VALUE.filter(lambda text: unguarded(text) == text and "\x1b$" not in text)
"""Texts without a formula guard, which reading takes off, and without the signs of ISO-2022, which is refused."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | VALUE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VALUE, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(
    # With a value of its own, so that none of them is only around a list of others.
    st.dictionaries(VALUE, JSON, max_size=4).map(lambda members: {"crm_id": 7, **members}),
    min_size=1,
    max_size=4,
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FORMAT = st.sampled_from(["", "csv", "jsonl", "json"])
ENCODING = st.sampled_from(["", "utf-8", "utf-16", "utf-32-be", "cp1252", "shift_jis", "gb18030", "utf-7"])


@st.composite
def _tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    row = st.lists(CELL, min_size=width, max_size=width)
    header, *rows = draw(st.lists(row, min_size=2, max_size=5))
    # No row is empty or equal to the header: such a record is none.
    return [[f"h{header[0]}", *header[1:]], *([f"r{row[0]}", *row[1:]] for row in rows)]


def _source(content: bytes, **options: str) -> Source:
    raw_input = RawInput("fuzz", lambda: io.BufferedReader(io.BytesIO(content)))
    return open_source(raw_input, InputOptions(**options))


@unhurried
@given(
    _tables(),
    st.sampled_from(",;\t|^`:"),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_written_table_is_read_back_exactly(
    table: list[list[str]], delimiter: str, is_all_quoted: bool, line_end: str, encoding: str
) -> None:
    """Whatever the values, the dialect and the encoding are."""
    is_minimal = line_end == "\r\n" and not is_all_quoted
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if is_minimal else csv.QUOTE_ALL,
        lineterminator=line_end,
    ).writerows(table)

    source = _source(text.getvalue().encode(encoding), delimiter=delimiter, input_format="csv")

    assert list(source.columns) == table[0]
    assert [(record.values, record.problem) for record in source.records()] == [(row, "") for row in table[1:]]


@unhurried
@given(OBJECTS, st.sampled_from(JsonLayout), st.booleans())
def test_written_json_is_read_back_exactly(
    objects: list[dict[str, object]], form: JsonLayout, is_ascii: bool
) -> None:
    """Strings come back as they are, everything else as JSON text that means the same."""
    text = _spelt(objects, form, is_ascii=is_ascii)

    source = _source(text.encode(), input_format=form.format)
    records = list(source.records())

    assert [record.problem for record in records] == [""] * len(objects)
    for record, item in zip(records, objects, strict=True):
        assert isinstance(record.values, dict)
        texts = {name: value for name, value in item.items() if isinstance(value, str)}
        others = {name: json.loads(value) for name, value in record.values.items() if name not in texts}
        assert {name: record.values[name] for name in texts} == texts
        assert others == {k: v for k, v in item.items() if k not in texts and v is not None}


def _spelt(objects: list[dict[str, object]], layout: JsonLayout, *, is_ascii: bool = False) -> str:
    """Write objects in a form of JSON, over several lines where it allows that."""
    match layout:
        case JsonLayout.LINES:
            return "\r\n".join(json.dumps(item, ensure_ascii=is_ascii) for item in objects)
        case JsonLayout.SEQUENCE:
            return "".join(f"\x1e{json.dumps(item, ensure_ascii=is_ascii, indent=1)}\n" for item in objects)
        case JsonLayout.ARRAY:
            return json.dumps(objects, ensure_ascii=is_ascii, indent=1)
        case JsonLayout.TREE:
            return json.dumps({"n": 1, "records": objects, "x": [{}]}, ensure_ascii=is_ascii, indent=1)


@unhurried
@given(_tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.lists(CELL, min_size=2, max_size=2))
def test_rows_written_back_are_read_as_the_same_rows(
    table: list[list[str]], encoding: str, extra: list[str]
) -> None:
    """Feeding failed rows in again changes nothing about them."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(table)
    source = _source(text.getvalue().encode(encoding), delimiter=";", input_format="csv")
    stream = io.BytesIO()

    with source.writer(stream, ["_status", "_error"]) as writer:
        for record in source.records():
            writer.write(record, extra)
    again = _source(stream.getvalue(), delimiter=";", input_format="csv")

    assert [record.values for record in again.records()] == [[*row, *extra] for row in table[1:]]


@unhurried
@given(OBJECTS, SPIKY, st.lists(st.integers(4, 200), max_size=6).map(sorted))
def test_where_the_pieces_are_cut_makes_no_difference(
    objects: list[dict[str, object]], text: str, cuts: list[int]
) -> None:
    """A piece may end inside a character, a line end, a string or a number."""
    for layout, read in READERS.items():
        content = _spelt(objects, layout).encode()
        assert list(read(_pieces(content, cuts), "utf-8", "-")) == list(read([content], "utf-8", "-"))
    content = b"\xef\xbb\xbf" + text.lstrip("\ufeff").encode()  # marks are never cut: the first piece is long
    assert _lines(_pieces(content, cuts)) == _lines([content])


def _pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *cuts, len(content)]
    return [content[start:end] for start, end in pairwise(places) if start < end]


def _lines(pieces: list[bytes]) -> list[str]:
    return list(chain.from_iterable(line_blocks(decoded(pieces, "utf-8", "-"), "-")))


@st.composite
def _spoilt(draw: st.DrawFn) -> bytes:
    """Something sensible with a few bytes changed, or nothing sensible at all."""
    sensible = st.sampled_from(
        [
            b'name,topic\r\nAda,"a\n""b"" c"\nBo,2\n',
            b'{"a": "\\ud83c\\udf88", "b": {"c": [1.10, null]}}\n{"a": "x"}\n',
            b'[{"a": 1}, {"b": "\xc3\xa9"}]',
            b'{"n": 1, "records": [{"attributes": {"type": "Lead"}, "a": 1.10}, {"b": {"c": []}}], "x": []}\n',
            b'\x1e{"a": 1}\n\x1e{\n"b": "\xc3\xa9"}\n',
            "\ufeffname\tplan\nZoë\t1\n".encode("utf-16"),
        ]
    )
    content = bytearray(draw(sensible | st.binary(max_size=60)))
    spiky = st.sampled_from(list(b'",;{}[]\\\r\n\0\x1e\xff\xfe\x80 :')) | st.integers(0, 255)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 2))] = bytes([draw(spiky)])
    return bytes(content)


@unhurried
@given(_spoilt(), FORMAT, ENCODING)
@example(b"\xef\xbb\xbf", "", "")
@example(b"\xff\xfe\x00", "csv", "")
@example(b"[", "json", "")
@example(b"\x1f\x8b\x08\x00", "", "")
def test_any_bytes_end_in_records_or_an_input_error(content: bytes, input_format: str, encoding: str) -> None:
    """No other exception, and the same on every pass."""
    with suppress(InputError):
        source = _source(content, input_format=input_format, encoding=encoding)
        records = list(source.records())

        assert records == list(source.records())
        assert [record.line for record in records] == sorted(record.line for record in records)
        for record in records:
            if isinstance(record.values, list):
                assert bool(record.problem) or len(record.values) == len(source.columns)
            else:
                assert record.raw
                assert not (record.problem and record.values)


@unhurried
@given(_spoilt(), st.sampled_from(["jsonl", "json"]))
@example(b'{"a": 1} \n\n\x0b\n{"a": 1', "jsonl")
def test_json_written_back_is_read_as_the_same_json(content: bytes, input_format: str) -> None:
    """Whatever was right or wrong with a record is so again, and none is lost or added."""
    with suppress(InputError):
        source = _source(content, input_format=input_format, encoding="utf-8")
        records = list(source.records())
        stream = io.BytesIO()
        with source.writer(stream, ["_status"]) as writer:
            for record in records:
                writer.write(record, ["invalid"])

        again = list(_source(stream.getvalue(), input_format=input_format, encoding="utf-8").records())

        assert [record.problem for record in again] == [record.problem for record in records]
        for before, after in zip(records, again, strict=True):
            assert isinstance(before.values, dict)
            noted = {} if before.problem else {"_status": "invalid"}
            assert after.values == before.values | noted


@unhurried
@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"", b" \t", b'{"a": 1}', b"\r"]), max_size=8))
def test_every_line_that_is_not_blank_is_a_record(lines: list[bytes]) -> None:
    """What goes in comes out, as a row, as an invalid one, or told as no row."""
    # In a short text a few NULs look like UTF-16, which is refused as a whole; good lines in front make it long.
    content = 20 * b'{"a": 1}\n' + b"\n".join(line.replace(b"\n", b"").replace(b"\x1e", b"") for line in lines)

    source = _source(content, input_format="jsonl", encoding="utf-8")
    rows = [record.line for record in source.records()]
    told = [each.line for each in source.skipped if each.what != BLANK_LINE]

    filled = [number for number, line in enumerate(content.split(b"\n"), 1) if line and not line.isspace()]
    assert sorted([*rows, *told]) == filled
