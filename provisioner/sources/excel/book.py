"""Workbook opened for reading: its sheets, and the strings and styles that they share."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Protocol

from provisioner.sources.files.raw_input import RawInput

from .archive import Package, Related, opened_package
from .cell_reader import CellReader
from .opendocument import OpenDocumentBook
from .sheet import read_hidden_columns, read_rows
from .sheet_rows import Sheet, SheetRow
from .styles import read_styles
from .tables import Totals, read_totals
from .texts import SharedTexts, read_texts
from .xml_reader import PartHandler, XmlError, parsed

_RELATION_IDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
_SHARED = "sharedStrings"
_STAND_IN_CALC_ID = "124519"
"""Version of the calculation that XlsxWriter and its ports state; they give formulas the value 0."""
_MOST_SHEETS = 10_000
_LONGEST_TITLE = 255


class _BookHandler(PartHandler):
    """Handler that collects the sheets, in the order of their tabs."""

    def __init__(self, related: Mapping[str, Related]) -> None:
        super().__init__(("workbook", "workbookPr", "sheet", "calcPr"))
        self.is_workbook = self.has_stand_ins = False
        self.sheets: list[Sheet] = []
        self.is_from_1904 = False
        self._related = related

    def open_workbook(self, _attributes: Mapping[str, str]) -> None:
        self.is_workbook = True

    def open_workbookPr(self, attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self.is_from_1904 = attributes.get("date1904") in ("1", "true")

    def open_calcPr(self, attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self.has_stand_ins = (
            attributes.get("fullCalcOnLoad") == "1" and attributes.get("calcId") == _STAND_IN_CALC_ID
        )

    def open_sheet(self, attributes: Mapping[str, str]) -> None:
        related = self._related[next((attributes[name] for name in _RELATION_IDS if name in attributes), "")]
        if related.role == "worksheet":
            is_visible = attributes.get("state", "visible") == "visible"
            self.sheets.append(Sheet(attributes["name"][:_LONGEST_TITLE], related.part, is_visible))
        if len(self.sheets) > _MOST_SHEETS:
            raise XmlError("there are too many sheets")


class Book(Protocol):
    """Open workbook of any format; ``sheets`` are in the order of their tabs."""

    format: str
    sheets: list[Sheet]

    def rows(self, title: str) -> Iterator[SheetRow]:
        """Yield every row of the sheet ``title``."""
        ...

    def hidden_columns(self, title: str) -> list[range]:
        """Return the columns that the sheet ``title`` hides, as ranges of numbers from 1."""
        ...

    def totals(self, title: str) -> list[Totals]:
        """Return the totals of the tables on the sheet ``title``."""
        ...


class ExcelBook:
    """Open Excel workbook; ``sheets`` are in the order of their tabs."""

    format = "xlsx"

    def __init__(self, package: Package, sheets: list[Sheet], values: CellReader) -> None:
        self.sheets = sheets
        self._package, self._values = package, values

    def rows(self, title: str) -> Iterator[SheetRow]:
        """Yield every row of the sheet ``title``."""
        return read_rows(self._package.pieces(self._part(title), "worksheet"), self._values)

    def hidden_columns(self, title: str) -> list[range]:
        """Return the columns that the sheet ``title`` hides, as ranges of numbers from 1."""
        return read_hidden_columns(self._package.pieces(self._part(title), "worksheet"))

    def totals(self, title: str) -> list[Totals]:
        """Return the totals of the tables on the sheet ``title``."""
        related = self._package.related(self._part(title)).values()
        tables = (read_totals(self._package.pieces(each.part)) for each in related if each.role == "table")
        return [totals for totals in tables if totals]

    def _part(self, title: str) -> str:
        return next(sheet.part for sheet in self.sheets if sheet.title == title)


@contextmanager
def opened_book(raw_input: RawInput) -> Iterator[Book]:
    """Open a workbook, and read its shared strings and styles.

    Raise ``InputError`` when the archive is not a workbook or is too large. A damaged workbook raises various
    exceptions, such as ``XmlError``, ``LookupError`` and ``BadZipFile``.
    """
    with opened_package(raw_input) as package, closing(SharedTexts(raw_input.name)) as texts:
        if package.is_open_document():
            yield OpenDocumentBook(package)
        else:
            yield _excel_book(package, texts)


def _excel_book(package: Package, texts: SharedTexts) -> ExcelBook:
    part = package.workbook()
    related = package.related(part)
    handler = _BookHandler(related)
    for _ in parsed(package.pieces(part), handler):
        pass
    if not handler.is_workbook:
        raise package.is_none()
    # Some programs omit the relationship.
    if shared := _part_of(related, _SHARED) or package.typed(_SHARED):
        read_texts(package.pieces(shared, _SHARED), texts)
    styled = _part_of(related, "styles")
    styles = read_styles(package.pieces(styled) if styled else [b"<none/>"], is_from_1904=handler.is_from_1904)
    return ExcelBook(package, handler.sheets, CellReader(texts, styles, has_stand_ins=handler.has_stand_ins))


def _part_of(related: Mapping[str, Related], role: str) -> str:
    return next((each.part for each in related.values() if each.role == role), "")
