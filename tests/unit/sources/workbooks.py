"""Workbooks for tests, including the XML of their parts."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from openpyxl import Workbook

SHEET = "xl/worksheets/sheet1.xml"
TYPES = "[Content_Types].xml"
SHARED_TYPE = (
    '<Override PartName="/xl/sharedStrings.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
WORKBOOK_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}<sheetData>{}</sheetData></worksheet>'


def saved(book: Workbook) -> bytes:
    """Return a workbook as bytes."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def book_of(rows: Sequence[Sequence[Any]], formats: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return a workbook with one sheet as bytes; ``formats`` are number formats by cell."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                cell.data_type = "s"
    for place, number_format in formats.items():
        sheet[place].number_format = number_format
    return saved(book)


def with_parts(content: bytes, texts: Mapping[str, str]) -> bytes:
    """Return the package with the text of some parts replaced; ``texts`` is by part name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted({*old.namelist(), *texts}):
            new.writestr(name, texts[name] if name in texts else old.read(name))
    return stream.getvalue()


def with_sheet(data: str, before: str = "") -> bytes:
    """Return a workbook whose sheet contains the XML of ``data``; ``before`` is put in front of it."""
    return with_parts(book_of([["x"]]), {SHEET: WORKBOOK_SHEET.format(before, data)})


def with_shared(content: bytes, texts: str) -> bytes:
    """Return the workbook with a table of shared strings."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        types = archive.read(TYPES).decode()
    types = types.replace("</Types>", f"{SHARED_TYPE}</Types>")
    return with_parts(content, {TYPES: types, "xl/sharedStrings.xml": texts})
