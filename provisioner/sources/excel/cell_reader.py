"""Reader of the cells of one workbook, with the strings and styles that they share."""

from .cells import NOT_CALCULATED, CellText, read_cell
from .styles import PLAIN, Style, Styles
from .texts import SharedTexts

NUMBER_KIND = "n"
"""Type of a cell that states none (ISO 29500, part 1, section 18.18.11)."""
_MAY_BE_EMPTY = ("str", "s", "inlineStr")
_STAND_IN = "0"


class CellReader:
    """Reader of cells; ``has_stand_ins`` is whether a formula may have the value 0 because none was calculated."""

    def __init__(self, texts: SharedTexts, styles: Styles, *, has_stand_ins: bool) -> None:
        self.texts, self.styles = texts, styles
        self._has_stand_ins = has_stand_ins

    def style(self, number: str) -> Style:
        """Return the style of a cell that states this number, or none."""
        return self.styles[int(number)] if number else PLAIN

    def read(self, kind: str, value: str, style: Style, *, is_formula: bool) -> CellText:
        """Return what a cell says; a formula without a value cannot be used."""
        if not value:
            return NOT_CALCULATED if is_formula and kind not in _MAY_BE_EMPTY else ""
        if is_formula and self._has_stand_ins and kind == NUMBER_KIND and value == _STAND_IN:
            return NOT_CALCULATED
        if kind == "s":
            return self.texts.cell(value)
        return read_cell(kind, value, style, self.styles)
