"""Rules of what databases and data frame libraries write, held by files that they wrote."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.sources import Source

Open = Callable[..., Source]
UNLOADS = Path(__file__).parent.parent / "files" / "unloads"

PEOPLE = [
    ["1", "Ada Moor", "ada@x.example", ""],
    ["2", 'Zoë "Zo" Lind', "", "first line\nsecond\tpart"],
    ["3", "Bo, Junior", "", "C:\\temp\\new"],
    ["4", "Cy\\Di", "cy@x.example", "a|b;c"],
]
QUOTINGS = {
    "outfile.tsv": "backslash, no quotes",
    "outfile.csv": "backslash",
    "outfile_semicolon.csv": "backslash",
    "pg_copy.tsv": "backslash, no quotes",
    "pg_copy.csv": "",
    "pg_copy_null.csv": "",
    "duckdb.csv": "",
    "polars.csv": "",
    "pandas.csv": "",
    "pandas_escape.csv": "backslash",
}
WITH_NULLS = ("outfile.tsv", "outfile.csv", "outfile_semicolon.csv", "pg_copy.tsv", "pg_copy_null.csv")
EXTRA = ("_status", "_error_code", "_error")
FAILED = ("rejected", "20001", "no, sorry")
_DELIMITER = "[,;\t]"


def first_values(source: Source) -> list[str]:
    """Return the first value of each valid record."""
    return [next(iter(record.values)) for record in source.records() if not record.problem]


def content_of(name: str) -> bytes:
    """Return the bytes of a file that a program wrote."""
    return (UNLOADS / name).read_bytes()


@pytest.mark.parametrize(("name", "quoting"), QUOTINGS.items())
def test_the_same_people_come_out_of_every_program_s_file(opened: Open, name: str, quoting: str) -> None:
    """Escapes are taken off, and an absent value is an empty one."""
    source = opened(content_of(name), name=name)

    assert [record.values for record in source.records()] == PEOPLE
    assert source.detection.quoting.value == quoting
    told = [note for note in source.skipped.notes if "\\N" in note]
    assert told == ([r"fields with \N are read as empty: lines 2-3"] if name in WITH_NULLS else [])


@pytest.mark.parametrize("name", ["sqlite3.csv", "duckdb.csv", "polars.csv", "pandas.csv"])
def test_a_row_of_nulls_is_skipped(opened: Open, name: str) -> None:
    """Each of them writes it as delimiters only."""
    source = opened(content_of(name), name=name)

    assert first_values(source)[:3] == ["1", "2", "3"]
    assert [each.what for each in source.skipped] == ["empty record"]


@pytest.mark.parametrize("name", QUOTINGS)
def test_rows_are_written_back_byte_for_byte(opened: Open, name: str) -> None:
    """An absent value and an empty one differ in the text only, which is kept; it reads as the same rows."""
    source = opened(content_of(name), name=name)
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        for record in source.records():
            writer.write(record, FAILED)

    added = re.compile(f'{_DELIMITER}_status{_DELIMITER}[^\r\n]*|{_DELIMITER}rejected{_DELIMITER}.*no, sorry"?')
    written = added.sub("", stream.getvalue().decode())
    assert written == content_of(name).decode().replace("\n,,,\n", "\n")
    again = opened(stream.getvalue(), name=f"again-{name}")
    assert [list(record.values)[:4] for record in again.records()] == PEOPLE
    assert {tuple(list(record.values)[4:]) for record in again.records()} == {FAILED}


@pytest.mark.parametrize("name", ["pg_copy.csv", "duckdb.csv", "polars.csv"])
def test_an_empty_text_in_quotes_stays_apart_from_none(opened: Open, name: str) -> None:
    """The row with both is written as it came."""
    source = opened(content_of(name), name=name)
    rows = list(source.records())
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        writer.write(rows[0], FAILED)
        writer.write(rows[2], FAILED)

    assert stream.getvalue().decode().splitlines()[1:] == [
        '1,Ada Moor,ada@x.example,,rejected,20001,"no, sorry"',
        '3,"Bo, Junior","",C:\\temp\\new,rejected,20001,"no, sorry"',
    ]


@pytest.mark.parametrize("name", ["joined_pandas.csv", "joined_polars.csv"])
def test_files_with_a_mark_each_may_be_joined(opened: Open, name: str) -> None:
    """The mark and the header of the second one are skipped."""
    source = opened(content_of(name), name=name)

    assert [list(record.values)[1] for record in source.records()] == ["Ada Moor", "Bo, Junior", "Cy Lind"]
    assert [(each.line, each.what) for each in source.skipped] == [(4, "repeated header")]


@pytest.mark.parametrize("name", ["header_only_duckdb.csv", "header_only_polars.csv"])
def test_a_query_without_rows_leaves_a_header(opened: Open, name: str) -> None:
    """It is an input without rows."""
    source = opened(content_of(name), name=name)

    assert (source.columns, list(source.records())) == (("id", "CustomerFriendlyName"), [])


def test_psql_underlines_and_counts(opened: Open) -> None:
    """Neither is a row."""
    source = opened(content_of("psql_aligned.txt"))

    assert [list(record.values)[1].strip() for record in source.records()] == [row[1] for row in PEOPLE]
    assert [each.what for each in source.skipped] == ["dash line", "row count", "blank line"]
    assert list(source.skipped.notes)[1:] == [
        "columns are filled up with blanks, which stay in the values (psql --csv and sqlcmd -W write none): line 2"
    ]


WIDE = {
    "wide_sqlite3.csv": "",
    "wide_duckdb.csv": "",
    "wide_duckdb_quoted.csv": "",
    "wide_r.csv": "NA",
}


@pytest.mark.parametrize(("name", "null"), WIDE.items())
def test_the_blank_of_a_delimiter_of_two_characters_is_no_part_of_a_field(
    opened: Open, name: str, null: str
) -> None:
    """Fields with and without quotes are read alike, and are written back as they came."""
    source = opened(content_of(name), name=name)
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        for record in source.records():
            writer.write(record, FAILED)
    again = opened(stream.getvalue(), name=f"again-{name}")

    people = [
        ["C-1", "Ada, Countess", "ada@x.example"],
        ["C-2", 'Bo "Bobby" Li', "bo@x.example"],
        ["C-3", null, "cy@x.example"],
        ["C-4", " Dee ", ""],
    ]
    assert (source.columns, [record.values for record in source.records()]) == (("id", "name", "email"), people)
    assert [record.values for record in again.records()] == [[*person, *FAILED] for person in people]
    assert stream.getvalue().splitlines()[2].startswith(content_of(name).splitlines()[2] + b", ")
    assert list(source.detection.notes()) == [
        "a blank follows each delimiter, which is not read as a part of the fields"
    ]


def test_rows_without_quotes_keep_a_delimiter_with_a_blank(opened: Open) -> None:
    """Rows to fix are read like those of their file, whichever they are."""
    source = opened(b'id, name\n1, Ada\n2, "Bo, Li"\n')
    stream = io.BytesIO()
    with source.writer(stream, ("_status",)) as writer:
        writer.write(next(source.records()), ("rejected",))
    again = opened(stream.getvalue(), name="failed.csv")

    assert stream.getvalue() == b'id, name, "_status"\n1, Ada, "rejected"\n'
    assert (again.columns, [record.values for record in again.records()]) == (
        ("id", "name", "_status"),
        [["1", "Ada", "rejected"]],
    )


UNDERLINED = {
    "derby_ij.txt": ["dash line", "blank line", "row count"],
    "sqlite3_column.txt": ["dash line"],
    "sqlite3_markdown.txt": ["dash line"],
}


@pytest.mark.parametrize(("name", "kinds"), UNDERLINED.items())
def test_what_programs_draw_below_the_names_is_no_customer(opened: Open, name: str, kinds: list[str]) -> None:
    """With or without borders, and where blanks part the columns."""
    source = opened(content_of(name), name=name)

    assert len(list(source.records())) == 4
    assert [each.what for each in source.skipped] == kinds


@pytest.mark.parametrize("name", ["isql.txt", "sqlite3_box.txt"])
def test_a_table_drawn_with_lines_is_refused_with_its_cure(opened: Open, name: str) -> None:
    """Its first line has no names."""
    with pytest.raises(InputError, match="a table drawn with lines") as refused:
        opened(content_of(name), name=name)

    assert "psql --csv" in refused.value.cure


def test_text_that_isql_does_not_quote_makes_its_row_invalid(opened: Open) -> None:
    """The other rows are read, and quotes inside their fields are characters."""
    rows = list(opened(content_of("isql.csv")).records())

    assert [record.problem for record in rows] == ["has 4 fields, the header has 3", "", "", ""]
    assert list(rows[1].values) == ["C-2", 'Bo "Bobby" Li', "bo@x.example"]


def test_returns_that_psql_writes_as_they_are_tear_no_row_in_two(opened: Open) -> None:
    """The rows without a return are sent, and no half of the others."""
    source = opened(content_of("psql_returns.csv"))

    assert first_values(source) == ["1", "4"]
    assert sum(bool(record.problem) for record in source.records()) == 4


OTHER = {
    "Redshift, UNLOAD with ESCAPE": b"id|name|note\n1|Ada\\|Bo|x\n2|l1\\\nl2|C:\\\\temp\n",
    "Snowflake, unenclosed": b"id,name,note\n1,Ada\\,Bo,\\N\n2,l1,\\\\x\n3,\\N,b\n",
    "Spark": b'id,name,note\n1,"Ada \\"A\\" Moor, Dr.",C:\\new\n2,Bo,\n',
    "mysql -B": b"id\tname\tnote\n1\tAda\\tBo\tl1\\nl2\n2\tC:\\\\temp\tx\n",
}


@pytest.mark.parametrize("content", OTHER.values(), ids=OTHER)
def test_other_unloads_are_recognised(opened: Open, content: bytes) -> None:
    """No row is ragged, and no backslash is left that only escapes."""
    source = opened(content)
    rows = [record.values for record in source.records() if not record.problem]

    assert source.detection.quoting.value
    assert len(rows) == content.count(b"\n") - 1 - content.count(b"\\\n")
    assert not any("\\\\" in value or '\\"' in value or "\\," in value for row in rows for value in row)


PLAIN = [
    b"id,path\n1,C:\\temp\\new\n2,\\\\srv\\share\n",
    b"id\tpath\n1\tC:\\temp\\new\n2\t\\\\nas\\backup\n",
    b'id,path\n1,"C:\\dir\\"\n2,"D:\\dir\\"\n',
    b'id,text\n1,"a ""quoted"" \\ word"\n',
]


@pytest.mark.parametrize("content", PLAIN)
def test_backslashes_of_paths_are_characters(opened: Open, content: bytes) -> None:
    """Nothing says that they escape anything."""
    source = opened(content)

    assert not source.detection.quoting.value
    assert all("\\" in list(record.values)[1] for record in source.records())


def test_a_null_beyond_the_sample_is_read_and_told(opened: Open) -> None:
    r"""``\N`` is no text of a customer, wherever it first stands."""
    source = opened(b"id,name\n" + b"1,Ada\n" * 5_000 + b"2,\\N\n")
    *_, last = source.records()
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        writer.write(last, FAILED)

    assert last.values == ["2", ""]
    assert list(source.skipped.notes) == [r"fields with \N are read as empty: line 5002"]
    assert b'\n2,\\N,rejected,20001,"no, sorry"\n' in stream.getvalue()
