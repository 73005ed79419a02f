"""Formula guard: escape cells that a spreadsheet would run as a formula, in a way that can be undone.

A spreadsheet runs a cell that begins with a sign such as ``=``. When its list separator is not the comma, it
splits our lines elsewhere and ignores the quotes, so that a cell can also begin after a semicolon, a bar, a tab or
a line break inside one of our cells. A comma inside a cell is harmless: a program that splits at commas respects
the quotes.
"""

import re
from collections.abc import Sequence
from typing import Any

from provisioner.system.patterns import late_pattern

_WIDE = "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
"""Full-width forms of the signs, which spreadsheets treat like the ASCII ones."""
_SIGNS = rf"[=+\-@\0{_WIDE}]"
_STARTS = frozenset(f"=+-@\0{_WIDE}\t\r\n'")
"""First characters of a cell that may need the guard; the apostrophe is one so that the guard can be undone."""
_BEGINNING = late_pattern(rf"""(\A)(?='*(?:{_SIGNS}|[\t\r\n]))|([;|\t\r\n]"*)(?='*{_SIGNS})""")
_GUARDED = late_pattern(rf"""(\A)'(?='*(?:{_SIGNS}|[\t\r\n]))|([;|\t\r\n]"*)'(?='*{_SIGNS})""")
_BEHIND = {sign: late_pattern(rf"""{re.escape(sign)}"*'*{_SIGNS}""") for sign in ";|\t\r\n"}
"""One pattern per separator: ``re`` searches fastest for a pattern that begins with a single literal."""


def guarded(cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells with an apostrophe before each possible start of a formula.

    Without any, return ``cells`` itself. The apostrophe also goes before apostrophes that are there already, so
    that removing one at each such place restores the text: ``'=1`` was ``=1``, and ``''=1`` was ``'=1``. A cell of
    one character is no formula.
    """
    harmless = [_BEGINNING.sub(r"\1\2'", cell) if _may_begin(cell) else cell for cell in cells]
    return cells if harmless == list(cells) else harmless


def unguarded(cell: str) -> str:
    """Return the text of a cell without the apostrophes that ``guarded`` added."""
    return _GUARDED.sub(r"\1\2", cell) if "'" in cell else cell


def _may_begin(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) > 1 and (cell[0] in _STARTS or begins_within(cell))


def begins_like_a_formula(cells: Sequence[Any]) -> bool:
    """Return whether the first character of a cell may begin a formula."""
    for cell in cells:  # noqa: SIM110 - a generator would take twice the time, for every row
        if cell.__class__ is str and cell and cell[0] in _STARTS:
            return True
    return False


def begins_within(text: str, line_ends: int = 0) -> bool:
    """Return whether a formula begins inside a cell, where a program of another locale would split it.

    ``text`` is one cell, or several formatted lines with ``line_ends`` line ends in total.
    """
    return any(
        sign in text and (sign not in "\r\n" or text.count(sign) > line_ends) and pattern.search(text) is not None
        for sign, pattern in _BEHIND.items()
    )


def has_signs_of_care(text: str) -> bool:
    """Return whether a text has a character that may need the guard, apart from a hyphen after a comma."""
    return (
        "=" in text
        or "+" in text
        or "@" in text
        or ";" in text
        or "|" in text
        or "'" in text
        or "\t" in text
        or "\0" in text
        or (not text.isascii() and any(sign in text for sign in _WIDE))
    )
