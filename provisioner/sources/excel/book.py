"""Workbook opened for reading: its sheets, and the strings and styles that they share."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple

from provisioner.sources.files.raw_input import RawInput

from .archive import Package, Related, opened_package
from .sheet import Row, read_rows
from .styles import Styles, read_styles
from .texts import SharedTexts, read_texts
from .xml_reader import PartHandler, XmlError, parsed

_RELATION_IDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
_SHARED = "sharedStrings"
_MOST_SHEETS = 10_000
_LONGEST_TITLE = 255


class Sheet(NamedTuple):
    """Sheet of a workbook: its title, and the name of its part in the archive."""

    title: str
    part: str
    is_visible: bool


class _BookHandler(PartHandler):
    """Handler that collects the sheets, in the order of their tabs."""

    def __init__(self, related: Mapping[str, Related]) -> None:
        super().__init__(("workbook", "workbookPr", "sheet"))
        self.is_workbook = False
        self.sheets: list[Sheet] = []
        self.is_from_1904 = False
        self._related = related

    def open_workbook(self, _attributes: Mapping[str, str]) -> None:
        self.is_workbook = True

    def open_workbookPr(self, attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self.is_from_1904 = attributes.get("date1904") in ("1", "true")

    def open_sheet(self, attributes: Mapping[str, str]) -> None:
        related = self._related[next((attributes[name] for name in _RELATION_IDS if name in attributes), "")]
        if related.role == "worksheet":
            is_visible = attributes.get("state", "visible") == "visible"
            self.sheets.append(Sheet(attributes["name"][:_LONGEST_TITLE], related.part, is_visible))
        if len(self.sheets) > _MOST_SHEETS:
            raise XmlError("there are too many sheets")


class Book:
    """Open workbook; ``sheets`` are in the order of their tabs."""

    def __init__(self, package: Package, sheets: list[Sheet], texts: SharedTexts, styles: Styles) -> None:
        self.sheets = sheets
        self._package = package
        self._texts, self._styles = texts, styles

    def rows(self, title: str) -> Iterator[Row]:
        """Yield (row number, cells) for every row of the sheet ``title``, without empty cells at the end."""
        sheet = next(sheet for sheet in self.sheets if sheet.title == title)
        return read_rows(self._package.pieces(sheet.part, "worksheet"), self._texts, self._styles)


@contextmanager
def opened_book(raw_input: RawInput) -> Iterator[Book]:
    """Open a workbook, and read its shared strings and styles.

    Raise ``InputError`` when the archive is not a workbook or is too large. A damaged workbook raises various
    exceptions, such as ``XmlError``, ``LookupError`` and ``BadZipFile``.
    """
    with opened_package(raw_input) as package, closing(SharedTexts(raw_input.name)) as texts:
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
        yield Book(package, handler.sheets, texts, styles)


def _part_of(related: Mapping[str, Related], role: str) -> str:
    return next((each.part for each in related.values() if each.role == role), "")
