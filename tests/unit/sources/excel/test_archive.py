"""Rules of workbooks whose parts have any names, and of those that would fill the memory."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.sources import Source
from provisioner.sources.excel import archive as excel_archive
from provisioner.sources.excel import texts as excel_texts

Open = Callable[..., Source]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    RELATIONS: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
OWN_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
HEADER = '<row r="1"><c r="A1" t="str"><v>name</v></c><c r="B1" t="str"><v>id</v></c></row>'
DAMAGED = "is a workbook that is damaged or not in the standard form"
TOO_LARGE = "is too large a workbook"


def relations(*each: tuple[str, str, str]) -> str:
    """Write the relationships of a part: id, role and target of each."""
    told = "".join(f'<Relationship Id="{id_}" Type="{RELATIONS}/{role}" Target="{to}"/>' for id_, role, to in each)
    return f'<Relationships xmlns="{OWN_RELATIONS}">{told}</Relationships>'


def sheet_of(rows: str, after: str = "") -> str:
    """Write a sheet's part."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}{rows}</sheetData>{after}</worksheet>'


def book_of(
    sheet: str | Iterable[str], texts: str | Iterable[str] = "", styles: str = "", book: str = "", prolog: str = ""
) -> bytes:
    """Make a workbook none of whose parts has its usual name."""
    sheets = f'<sheets><sheet name="S" sheetId="1" r:id="one"/></sheets>{book}'
    parts: dict[str, str | Iterable[str]] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(("a", "officeDocument", "/data/The Book.xml")),
        "data/The Book.xml": f'{prolog}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{sheets}</workbook>',
        "data/_rels/The Book.xml.rels": relations(
            ("one", "worksheet", "sharedStrings.xml"),
            ("two", "sharedStrings", "../WORDS"),
            ("three", "styles", "looks.xml"),
            ("far", "hyperlink", "https://example.org/x"),
        ),
        "data/sharedStrings.xml": sheet,
        "words": texts or f'<sst xmlns="{MAIN}"/>',
        "data/looks.xml": styles or f'<styleSheet xmlns="{MAIN}"/>',
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            with archive.open(name, "w") as part:
                for piece in [content] if isinstance(content, str) else content:
                    part.write(piece.encode())
    return stream.getvalue()


def shared(*texts: str) -> str:
    """Write a part of shared texts."""
    return f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{text}</t></si>" for text in texts)}</sst>'


def rows_of(source: Source) -> list[list[str]]:
    """Read the values of all rows."""
    return [list(record.values) for record in source.records()]


def test_parts_are_found_by_what_they_are_to_each_other(opened: Open) -> None:
    """Their names play no part, nor the case of them; the namespaces of the strict standard are as good."""
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="00000"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf/><xf numFmtId="200"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>"
    )
    rows = (
        '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" s="1"><v>7</v></c></row>'
        '<row r="3"><c r="A3" s="2"><v>1</v></c></row>'
    )
    content = book_of(sheet_of(rows), shared("x", "ref x005F_17"), styles, '<workbookPr date1904="1"/>')
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(strict, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            for namespace, other in STRICT.items():
                text = text.replace(f'"{namespace}', f'"{other}')
            new.writestr(name.replace("/", "\\") if name.startswith("data") else name, text)

    for each in (content, strict.getvalue()):
        assert rows_of(opened(each)) == [["ref x005F_17", "00007"], ["1904-01-02", ""]]


def test_a_part_is_bounded_by_what_it_is_and_not_by_its_name(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet that is called as texts usually are may be large; texts under any name may not."""
    content = book_of(sheet_of('<row r="2"><c r="A2" t="s"><v>0</v></c></row>'), shared("x" * 1_000))
    assert rows_of(opened(content)) == [["x" * 1_000, ""]]

    for limit in ("_LARGEST_SHARED_TEXTS", "_LARGEST_SHEET", "_LARGEST_OTHER"):
        with monkeypatch.context() as patch:
            patch.setattr(excel_archive, limit, 40)
            with pytest.raises(InputError, match=TOO_LARGE):
                opened(content)


def test_texts_that_are_too_many_are_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a little memory."""
    monkeypatch.setattr(excel_texts, "_MOST", 3)

    with pytest.raises(InputError, match="shares more than 3 texts among its cells") as caught:
        opened(book_of(sheet_of(""), shared("a", "b", "c", "d")))

    assert caught.value.cure == "save it as CSV UTF-8"


def test_many_texts_are_kept_in_a_file(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same, in memory or not, whatever their order."""
    texts = [f"Zoë {number} 日本 🎈"[: number % 14] for number in range(20_000)]
    numbers = [*range(0, 20_000, 7), 5, 19_999, 0]
    rows = "".join(f'<row><c t="s"><v>{number}</v></c><c t="str"><v>{number}</v></c></row>' for number in numbers)
    monkeypatch.setattr(excel_texts, "_MOST_KEPT", 90_000)

    source = opened(book_of(sheet_of(rows), shared(*texts)))

    assert rows_of(source) == [[texts[number], str(number)] for number in numbers]


def test_texts_without_room_are_an_error_of_the_disk(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no damage of the workbook."""

    class Full(io.RawIOBase):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(excel_texts, "_MOST_KEPT", 1)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())

    with pytest.raises(InputError, match="stored in a temporary file: no space left on device") as caught:
        opened(book_of(sheet_of(""), shared("aa", "bb")))

    assert "TMPDIR" in caught.value.cure


def cells(*each: str) -> str:
    """Write one row below the header."""
    return f'<row r="2">{"".join(each)}</row>'


ROW = cells('<c r="A2"><v>1</v></c>')
DOCTYPE = '<!DOCTYPE workbook [<!ENTITY who "Ada">]>'
NESTED = "<x>" * 200 + "</x>" * 200
MANY_NAMES = "".join(f"<x{number}/>" for number in range(20_000))

REFUSED: dict[str, tuple[bytes, str]] = {
    "rows out of order": (book_of(sheet_of(f'<row r="9"/>{ROW}')), DAMAGED),
    "a row twice": (book_of(sheet_of(ROW + ROW)), DAMAGED),
    "a cell twice": (book_of(sheet_of(cells('<c r="A2"><v>1</v></c>' * 2))), DAMAGED),
    "a column behind XFD": (book_of(sheet_of(cells('<c r="XFE2"><v>1</v></c>'))), DAMAGED),
    "a place of many letters": (book_of(sheet_of(cells(f'<c r="{"A" * 99}2"><v>1</v></c>'))), DAMAGED),
    "a place of no letters": (book_of(sheet_of(cells('<c r="2"><v>1</v></c>'))), DAMAGED),
    "a long place": (book_of(sheet_of(cells(f'<c r="A{"2" * 3_000_000}"><v>1</v></c>'))), DAMAGED),
    "an endless row number": (book_of(sheet_of(f'<row r="{"9" * 9_999}">1</row>')), DAMAGED),
    "a row behind the last": (book_of(sheet_of('<row r="1048577"/>')), "has more rows than Excel allows"),
    "a shared text before the first": (book_of(sheet_of(cells('<c t="s"><v>-1</v></c>')), shared("x")), DAMAGED),
    "a document type": (book_of(sheet_of(ROW), prolog=DOCTYPE), DAMAGED),
    "a document type in a sheet": (book_of(f"<!DOCTYPE worksheet>{sheet_of(ROW)}"), DAMAGED),
    "elements in elements": (book_of(sheet_of(ROW + NESTED)), DAMAGED),
    "elements of many names": (book_of(sheet_of(ROW + MANY_NAMES)), DAMAGED),
    "a long comment": (book_of(sheet_of(f"{ROW}<!-- {'x' * 3_000_000} -->")), DAMAGED),
    "many styles": (
        book_of(
            sheet_of(ROW), styles=f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 70_000}</cellXfs></styleSheet>'
        ),
        DAMAGED,
    ),
    "many sheets": (book_of(sheet_of(ROW), book='<sheet name="T" r:id="one" state="hidden"/>' * 10_001), DAMAGED),
    "a sheet that is not there": (book_of(sheet_of(ROW), book='<sheet name="T" r:id="none"/>'), DAMAGED),
    "text behind the sheet": (book_of(sheet_of(ROW) + "x"), DAMAGED),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_program_for_spreadsheets_writes_is_refused(opened: Open, name: str) -> None:
    """No row of it is left out, and none of it is kept in memory."""
    content, message = REFUSED[name]

    with pytest.raises(InputError, match=message) as caught:
        list(opened(content).records())

    assert caught.value.cure


def test_an_archive_of_too_many_parts_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is kept in memory, from the start."""
    content = book_of(sheet_of(ROW))
    assert rows_of(opened(content)) == [["1", ""]]
    monkeypatch.setattr(excel_archive, "_LARGEST_DIRECTORY", 300)

    with pytest.raises(InputError, match="is a zip archive, or a workbook, that is cut short or damaged"):
        opened(content)


def test_a_part_packed_in_another_way_is_refused(opened: Open) -> None:
    """Python unpacks such parts without a limit, and the standard knows none."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book_of(sheet_of(ROW)))) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_BZIP2)

    with pytest.raises(InputError, match=DAMAGED):
        opened(stream.getvalue())


GROWTH = """
import resource, sys
from pathlib import Path
import openpyxl
from provisioner.errors import InputError
from provisioner.sources.files.raw_input import stored_file
from provisioner.options import InputOptions
from provisioner.sources.excel.open import open_workbook
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = most()
try:
    source = open_workbook(stored_file("book", Path(sys.argv[1])), InputOptions())
    rows = sum(1 for record in source.records()) if source.columns[0] == "name" else 0
except InputError as error:
    rows = -1
print(rows, most() - before)
"""


def growth(path: Path) -> tuple[int, int]:
    """Read a workbook in a process of its own.

    Return how many rows it has, and by how many bytes the process grew. The rows are -1 where it is refused, and 0
    where its first column is not called as here: then nothing but its header is read.
    """
    ended = subprocess.run([sys.executable, "-c", GROWTH, str(path)], capture_output=True, check=True, text=True)
    rows, bytes_ = map(int, ended.stdout.split())
    return rows, bytes_


def many_texts(number: int) -> Iterator[str]:
    """Write a part of short texts piece by piece."""
    yield f'<sst xmlns="{MAIN}">'
    for start in range(0, number, 10_000):
        yield "".join(f"<si><t>text {each}</t></si>" for each in range(start, start + 10_000))
    yield "</sst>"


def test_two_million_short_texts_take_less_than_150_mib(tmp_path: Path) -> None:
    """Their bytes and places are kept, and nothing else of them."""
    path = tmp_path / "book"
    rows = '<row><c t="s"><v>1999999</v></c></row><row><c><v>1</v></c></row>'
    path.write_bytes(book_of(sheet_of(rows).replace(HEADER, ""), many_texts(2_000_000)))

    read, grown = growth(path)

    assert read == 0
    assert grown < 150 * 1024**2


def test_a_small_workbook_that_unpacks_to_much_takes_little_memory(tmp_path: Path) -> None:
    """What is read as one thing is cut off or refused; what is many things is read one by one."""
    size = 60_000_000
    merged = "<mergeCells>" + '<mergeCell ref="A1:B1"/>' * (size // 90) + "</mergeCells>"
    bombs = {
        "a text": (book_of(sheet_of(cells(f'<c t="str"><v>{"x" * size}</v></c>'))), 1),
        "a shared text": (book_of(sheet_of(cells('<c t="s"><v>0</v></c>')), shared("x" * size)), 1),
        "cells": (book_of(sheet_of(cells("<c/>" * (size // 24)))), 0),
        "merged cells": (book_of(sheet_of(ROW, merged)), 1),
        "blanks": (book_of(sheet_of(ROW + " " * size)), 1),
        "an attribute": (book_of(sheet_of(f'<row spans="{"1" * size}"/>')), -1),
    }
    for what, (content, expected) in bombs.items():
        path = tmp_path / "book"
        path.write_bytes(content)

        rows, grown = growth(path)

        assert len(content) < 1_000_000
        assert (what, rows) == (what, expected)
        assert grown < 40 * 1024**2, what
