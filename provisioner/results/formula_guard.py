"""Keeps spreadsheets from running what customers wrote, in a way that can be undone.

A spreadsheet runs a cell that begins like a formula. Where its list separator is not the comma, it splits our
lines at other places, whatever the quotes, so that a cell may also begin behind a semicolon, a bar, a tab or a
line break within one of ours. A comma within a cell needs nothing: who splits at commas honours its quotes.
"""

import re
from collections.abc import Sequence
from typing import Any

_WIDE = "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
"""The signs of full width, which spreadsheets take for the others."""
_SIGNS = rf"[=+\-@\0{_WIDE}]"
_STARTS = frozenset(f"=+-@\0{_WIDE}\t\r\n'")
"""What a text begins with that may need the guard; an apostrophe does so that the guard can be undone."""
_BEGINNING = re.compile(rf"""(\A)(?='*(?:{_SIGNS}|[\t\r\n]))|([;|\t\r\n]"*)(?='*{_SIGNS})""")
_BEHIND = {sign: re.compile(rf"""{re.escape(sign)}"*'*{_SIGNS}""") for sign in ";|\t\r\n"}
"""One pattern for each: a pattern that begins with one sign is searched for at the speed of that sign."""


def guarded(cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells with an apostrophe before each beginning of a formula; the very same where there is none.

    It goes before apostrophes that stand there already, so a text is found again by taking one away at each such
    place: ``'=1`` was ``=1``, and ``''=1`` was ``'=1``. One character alone is no formula.
    """
    harmless = [_BEGINNING.sub(r"\1\2'", cell) if _may_begin(cell) else cell for cell in cells]
    return cells if harmless == list(cells) else harmless


def _may_begin(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) > 1 and (cell[0] in _STARTS or begins_within(cell))


def begins_like_a_formula(cells: Sequence[Any]) -> bool:
    """Say whether one of the cells may begin like a formula."""
    for cell in cells:  # noqa: SIM110 - a generator would take twice the time, for every row
        if cell.__class__ is str and cell and cell[0] in _STARTS:
            return True
    return False


def begins_within(text: str, line_ends: int = 0) -> bool:
    """Say whether a formula begins within a cell, where another locale would split it.

    ``text`` may be some lines as they are written, with so many ends of lines.
    """
    return any(
        sign in text and (sign not in "\r\n" or text.count(sign) > line_ends) and pattern.search(text) is not None
        for sign, pattern in _BEHIND.items()
    )


def has_signs_of_care(text: str) -> bool:
    """Say whether a text may need the guard for another reason than a hyphen behind a comma."""
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
