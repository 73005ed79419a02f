"""Styles of cells in a workbook, as far as the values depend on them: dates, times and leading zeros."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from .xml_reader import PartHandler, XmlError, parsed

_ZEROS = re.compile(r"0{2,30}")
_LONGEST_CODE = 255
"""Most characters in a number format (Excel's limit)."""
_MOST_STYLES = 65_536
"""Most styles that are read; Excel allows 65,490."""


class Style(NamedTuple):
    """Meaning of a number in a cell: a date or time, a duration, or a number.

    ``zeros`` is the number of digits to which it is padded with leading zeros; 0 for no padding.
    """

    zeros: int = 0
    is_time: bool = False
    is_duration: bool = False


PLAIN = Style()
"""Style of a plain number."""


class Styles:
    """Styles of a workbook by number, from 0; ``is_from_1904`` is whether its dates count from 1904, not 1900."""

    def __init__(self, styles: list[Style], *, is_from_1904: bool) -> None:
        self._styles = styles
        self._is_from_1904 = is_from_1904

    def __getitem__(self, number: int) -> Style:
        """Return the style of that number; ``PLAIN`` when there is none."""
        return self._styles[number] if 0 <= number < len(self._styles) else PLAIN

    def moment(self, value: float, style: Style) -> datetime | time | timedelta:
        """Return the date, time of day or duration that a number means, in days.

        Raise ``ValueError`` or ``OverflowError`` when it is out of range.
        """
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel  # noqa: PLC0415 - as in writer

        epoch = MAC_EPOCH if self._is_from_1904 else WINDOWS_EPOCH
        moment: datetime | time | timedelta = from_excel(value, epoch, timedelta=style.is_duration)
        return moment


def moment_of(text: str) -> datetime | date | time | timedelta | None:
    """Return the date, time or duration that an ISO 8601 text means; raise ``ValueError`` for any other text."""
    from openpyxl.utils.datetime import from_ISO8601  # noqa: PLC0415 - as in writer

    moment: datetime | date | time | timedelta | None = from_ISO8601(text)
    return moment


class _StylesHandler(PartHandler):
    """Handler that collects the number formats, and the number of the format of each cell style."""

    def __init__(self) -> None:
        super().__init__(("numFmt", "cellXfs", "xf"))
        self.codes: dict[int, str] = {}
        self.formats: list[int] = []
        self._is_within = False

    def open_numFmt(self, attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self.codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[: _LONGEST_CODE + 1]
        self._require_bounded()

    def open_cellXfs(self, _attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self._is_within = True

    def close_cellXfs(self) -> None:  # noqa: N802 - as the element is called
        self._is_within = False

    def open_xf(self, attributes: Mapping[str, str]) -> None:
        if self._is_within:
            self.formats.append(int(attributes.get("numFmtId", 0)))
            self._require_bounded()

    def _require_bounded(self) -> None:
        if max(len(self.codes), len(self.formats)) > _MOST_STYLES:
            raise XmlError("there are too many styles")


def read_styles(pieces: Iterable[bytes], *, is_from_1904: bool) -> Styles:
    """Return the styles in a part, of which ``pieces`` are the bytes. Raise ``XmlError`` when it is not valid."""
    from openpyxl import styles  # noqa: PLC0415 - as in writer

    handler = _StylesHandler()
    for _ in parsed(pieces, handler):
        pass
    codes: dict[int, Any] = styles.numbers.BUILTIN_FORMATS | handler.codes
    known = {number: _style(codes.get(number)) for number in set(handler.formats)}
    return Styles([known[number] for number in handler.formats], is_from_1904=is_from_1904)


def _style(code: str | None) -> Style:
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format  # noqa: PLC0415 - as in writer

    if code is None or len(code) > _LONGEST_CODE:
        return PLAIN
    zeros = len(code) if _ZEROS.fullmatch(code) else 0
    return Style(zeros, bool(is_date_format(code)), bool(is_timedelta_format(code)))
