"""Rules of reading Parquet files: those of other programs, and what has no text."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provisioner.errors import InputError
from provisioner.models import NestedValues
from provisioner.options import InputOptions
from provisioner.sources import ObjectSource, Source, open_sources

Open = Callable[..., Source]
FILES = Path(__file__).parent / "files"

READ: dict[str, list[dict[str, str]]] = {
    "pandas": [
        {
            "crm_id": "007",
            "Name": "Ada Öst",
            "Phone": "+44 20 7946 0958",
            "visits": "1",
            "born": "1990-01-02",
            "seen": "2026-01-31T10:30:00",
            "tags": '["a","é"]',
            "address": '{"city":"Malmö","zip":"00115"}',
            "vip": "true",
            "tier": "gold",
        },
        {"crm_id": "008", "Name": "Bo Lim", "vip": "false", "tier": "free"},
        {
            "Name": "Cy Roe",
            "Phone": "=1+1",
            "visits": "3",
            "born": "1991-03-04",
            "seen": "2026-02-01T00:00:00",
            "tags": "[]",
            "address": '{"city":null,"zip":"1"}',
            "tier": "gold",
        },
    ],
    "polars": [
        {
            "crm_id": "007",
            "Name": "Ada Öst",
            "big": "9223372036854775807",
            "amount": "1.10",
            "ratio": "0.1",
            "seen": "2026-01-31T10:30:00.000005Z",
            "at": "10:30:00",
            "took": "PT90.5S",
            "tier": "gold",
        },
        {"crm_id": "008", "Name": "Bo Lim", "amount": "-3.50", "at": "01:02:03.000004", "tier": "free"},
    ],
    "duckdb": [
        {
            "crm_id": "007",
            "Name": "Ada Öst",
            "big": "18446744073709551615",
            "amount": "1.10",
            "born": "1990-01-02",
            "seen": "2026-01-31T10:30:00Z",
            "tags": '["a","b"]',
            "address": '{"city":"Malmö","zip":10115}',
            "extra": '{"k":1,"l":null}',
            "uid": "123e4567-e89b-12d3-a456-426614174000",
            "data": '{"plan":"gold"}',
            "kind": "m",
            "daytime": "10:30:00",
        },
        {"crm_id": "008", "Name": "Bo Lim", "big": "0", "data": "text"},
    ],
    "pyarrow": [
        {
            "crm_id": "007",
            "Name": "Ada",
            "tiny": "0.0000000001",
            "wide": f"{'1' * 60}.00",
            "nanos": "1970-01-01T01:00:00.000000001+01:00",
            "single": "0.1",
            "deep": '[{"a":[1,null],"on":"2026-01-01","d":1.0}]',
            "pair": "[1,2]",
            "view": "v",
        },
        {
            "crm_id": "008",
            "Name": "Bo",
            "tiny": "123456789012345678.1234567890",
            "single": "7",
            "deep": "[]",
        },
    ],
    "int96": [{"crm_id": "007", "seen": "2026-01-31T00:00:00"}, {"crm_id": "008"}],
}
"""What is read of each file; its own program wrote it, see files/README.md."""


def members_of(source: Source) -> list[Mapping[str, str | msgspec.Raw]]:
    """Return the values of each record for a line of JSON."""
    assert isinstance(source, ObjectSource)
    return [source.members(record) for record in source.records()]


def stored(table: pa.Table, **options: Any) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


@pytest.mark.parametrize("name", READ)
def test_the_files_of_other_programs_are_read_digit_for_digit(opened: Open, name: str) -> None:
    """Texts as they are, numbers with all digits, dates in ISO 8601, nested values as JSON, NULL absent."""
    source = opened((FILES / f"{name}.parquet").read_bytes(), "export.bin")

    records = list(source.records())

    assert [(record.line, record.problem) for record in records] == [
        (number, "") for number in range(1, len(READ[name]) + 1)
    ]
    assert [record.values for record in records] == READ[name]
    assert source.detection.format.value == "parquet"
    assert source.has_dynamic_columns


def test_nested_values_are_told_from_texts(opened: Open) -> None:
    """A field that needs a text cannot get one of them, and a column of JSON may hold either."""
    records = list(opened((FILES / "duckdb.parquet").read_bytes()).records())

    nested = [record.values.nested for record in records if isinstance(record.values, NestedValues)]
    assert nested == [{"tags", "address", "extra", "data"}, frozenset()]


def test_values_for_a_line_of_json_keep_their_types(opened: Open) -> None:
    """Numbers and truth values are those of JSON, all other scalars are texts, NULL is null; all on one line."""
    json_column = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{\n"a": [\n1.10]}', "null", '"x"', "7"]))
    table = pa.table(
        {"id": ["1", "2", "3", "4"], "n": [1, None, 2, 3], "t": [True, None, False, True], "j": json_column}
    )
    source = opened(stored(table))

    told = members_of(source)

    raw = msgspec.Raw
    assert told == [
        {"id": "1", "n": raw(b"1"), "t": raw(b"true"), "j": raw(b'{"a":[1.10]}')},
        {"id": "2", "n": raw(b"null"), "t": raw(b"null"), "j": raw(b"null")},
        {"id": "3", "n": raw(b"2"), "t": raw(b"false"), "j": "x"},
        {"id": "4", "n": raw(b"3"), "t": raw(b"true"), "j": "7"},
    ]


def test_a_column_of_null_alone_is_a_column(opened: Open) -> None:
    """The schema names it, so a mapping may."""
    source = opened((FILES / "pyarrow.parquet").read_bytes())

    assert "nothing" in source.columns
    assert [members["nothing"] for members in members_of(source)] == [msgspec.Raw(b"null")] * 2


def test_bytes_are_no_text_and_their_columns_are_named(opened: Open) -> None:
    """Nothing is decoded silently: the note says which columns are not read, and what to do."""
    source = opened((FILES / "polars.parquet").read_bytes())

    assert "photo" not in source.columns
    assert "the column 'photo', which holds bytes and no text; write them as text" in source.detection.note
    with pytest.raises(InputError, match="no column with text") as caught:
        opened(stored(pa.table({"a": pa.array([b"x"]), "b": pa.array([b"xy"], pa.binary(2))})))
    assert caught.value.cure == "write them as text"


def test_a_value_without_a_text_makes_its_row_invalid(opened: Open) -> None:
    """The others go on: a float that has lost digits, infinity, an impossible date, bytes in a text."""
    faults = [record.problem for record in opened((FILES / "faults.parquet").read_bytes()).records()]
    broken = [record.problem for record in opened((FILES / "not-utf-8.parquet").read_bytes()).records()]
    deep = pa.table({"id": ["1", "2"], "deep": [[{"x": 1e18}], [{"x": 1.5}]]})
    nested = [record.problem for record in opened(stored(deep)).records()]

    assert (faults[0], faults[4]) == ("", "")
    assert faults[1].startswith("column 'lost' holds a floating-point number of more than 15 digits")
    assert faults[2] == "column 'lost' holds infinity, which is no number"
    assert faults[3] == "column 'far' holds a date that no calendar has"
    assert broken[0] == ""
    assert "column 'Name' holds bytes that are not UTF-8 text" in broken[1]
    assert "column 'deep' holds a floating-point number" in nested[0]
    assert nested[1] == ""


def test_rows_are_read_in_groups_and_counted_over_all_of_them(opened: Open) -> None:
    """However a program cuts a file: in pieces smaller or larger than ours."""
    table = pa.table({"id": [str(number) for number in range(2_500)]})

    for size in (7, 999, 2_500):
        records = list(opened(stored(table, row_group_size=size)).records())
        assert [(each.line, each.values) for each in records] == [
            (number + 1, {"id": str(number)}) for number in range(2_500)
        ]


def test_a_row_without_any_value_and_a_repeated_header_are_no_rows(opened: Open) -> None:
    """As in other formats, they are skipped and told with their places."""
    table = pa.table({"id": ["1", None, "id", "id", "  "], "Name": ["Ada", " ", "Name", "Bo", None]})
    source = opened(stored(table))

    records = list(source.records())

    assert [record.line for record in records] == [1, 4]
    assert [(each.line, each.what) for each in source.skipped] == [
        (2, "empty record"),
        (3, "repeated header"),
        (5, "empty record"),
    ]


def test_a_file_without_rows_has_its_columns(opened: Open) -> None:
    """An empty part of an export is no error of the file."""
    source = opened(stored(pa.table({"id": pa.array([], pa.string()), "n": pa.array([], pa.int64())})))

    assert source.columns == ("id", "n")
    assert list(source.records()) == []


@pytest.mark.parametrize("name", ["encrypted", "encrypted-columns"])
def test_an_encrypted_file_is_refused_as_that(opened: Open, name: str) -> None:
    """Also where only its columns are encrypted, which shows when they are read."""
    with pytest.raises(InputError, match="is an encrypted Parquet file"):
        list(opened((FILES / f"{name}.parquet").read_bytes()).records())


def test_a_damaged_file_is_an_error_and_never_fewer_rows(opened: Open) -> None:
    """Cut at its end, in the middle, after its first bytes; and a page that does not fit its checksum."""
    whole = (FILES / "pandas.parquet").read_bytes()
    for size in (4, 8, len(whole) // 2, len(whole) - 1):
        with pytest.raises(InputError, match="is a Parquet file that is damaged or cut short"):
            list(opened(whole[:size]).records())
    table = pa.table({"id": [f"{number:05}" for number in range(500)]})
    checked = bytearray(stored(table, write_page_checksum=True, compression="none", use_dictionary=False))
    checked[checked.index(b"00300")] = ord("9")
    with pytest.raises(InputError, match="damaged"):
        list(opened(bytes(checked)).records())


def test_what_contradicts_a_parquet_file_is_refused(opened: Open) -> None:
    """A forced format, two columns of one name, and another compression around it."""
    twice = pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"])], names=["a", "a"])

    with pytest.raises(InputError, match="contradicts --input-format csv"):
        opened((FILES / "pandas.parquet").read_bytes(), input_format="csv")
    with pytest.raises(InputError, match="gives the name of a column twice"):
        opened(stored(twice))


def test_without_the_extra_the_error_says_how_to_install_it_from_this_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name on an index is ours."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)

    with (
        pytest.raises(InputError, match="pyarrow is not installed") as caught,
        open_sources([str(FILES / "pandas.parquet")], InputOptions()),
    ):
        pass

    assert "pip install '.[parquet]'" in caught.value.cure
