"""Preamble, the lines that may precede the header: Excel's separator line and the titles of reports."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from provisioner.system.patterns import late_pattern

_SEPARATOR = late_pattern(r'("?)sep=(?P<delimiter>[^"\r\n])\1[\r\n]*', re.IGNORECASE)
_NUMBER = late_pattern(r"[-+.,:/\s\d]*")
_OF_A_ROW = late_pattern(r"[\d@]")
_MOST_TITLES = 20
_DOUBTFUL_WIDTH = 2


def parse_sep_line(line: str) -> str:
    """Return the delimiter in a line such as ``sep=;``; empty for any other line."""
    told = _SEPARATOR.fullmatch(line)
    return told["delimiter"] if told else ""


def count_titles(records: Sequence[Sequence[str]], parted: Collection[int]) -> int:
    """Return the number of titles before the header; 0 in case of doubt.

    ``parted`` holds the indexes of the records that follow a blank line. A title fills few cells; if it is padded
    with empty ones, there has to be more than one. The header is the first record with the most frequent width;
    its names are unique, have no spaces around them and are not numbers. With two columns only, a blank line has
    to precede the header, or the rows have to look different from it: a list of names may also have a comma in
    some lines.
    """
    width = _usual_width(records)
    place = next((i for i, values in enumerate(records) if not _is_title(values, width)), 0)
    titles, header = records[:place], records[place] if records else []
    if not titles or len(titles) > _MOST_TITLES or len(header) != width or not _is_header(header):
        return 0
    if width == _DOUBTFUL_WIDTH and place not in parted and not _stands_out(header, records[place + 1 :]):
        return 0
    is_padded = any(len(values) == width for values in titles)
    return 0 if is_padded and len(titles) == 1 else len(titles)


def _usual_width(records: Sequence[Sequence[str]]) -> int:
    widths = Counter(len(values) for values in records if len(values) > 1)
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return width if count > 1 else 0


def _is_title(values: Sequence[str], width: int) -> bool:
    filled = [place for place, value in enumerate(values) if value.strip()]
    if len(values) < width:
        return len(filled) <= max(1, width // 3)
    return len(values) == width > _DOUBTFUL_WIDTH and filled in ([], [0])


def _is_header(values: Sequence[str]) -> bool:
    names = {value.casefold() for value in values if value == value.strip()}
    return len(names) == len(values) and not any(_NUMBER.fullmatch(name) for name in names)


def _stands_out(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether some column has a digit or ``@`` in every row but not in its name."""
    full = [values for values in rows if len(values) == len(header)]
    return any(
        not _OF_A_ROW.search(name) and all(_OF_A_ROW.search(values[column]) for values in full)
        for column, name in enumerate(header)
    )
