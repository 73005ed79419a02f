"""What becomes of a key when a spreadsheet program, or a script, saves a table again."""

import re
from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal

_LONGEST = 64
"""Characters of a key; no number that a spreadsheet program understands is longer."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_KEPT = 15
"""Digits of a number that a spreadsheet program keeps; the others become zeros."""
_SHOWN = (3, 6, _KEPT)
"""Digits of a long number in scientific notation: of the format of that name, and where the cell has no format."""
_LONG = 11
"""Power of ten from which on a spreadsheet program writes a number in scientific notation."""


def spreadsheet_forms(key: str) -> set[str]:
    """Return the texts that a table may have in place of ``key`` once it was saved again, without ``key`` itself.

    Spaces around it and zeros before it go, a long number is rounded or shortened (``1.23457E+15``), and the case
    changes, as that of ``true`` does. Any other change makes it another key.
    """
    if len(key) > _LONGEST:
        return set()
    plain = key.strip()
    forms = {plain, plain.upper(), plain.lower()}
    if _NUMBER.fullmatch(plain):
        for form in _number_forms(plain):
            forms |= {form, form.replace(".", ",")}
    return forms - {key, ""}


def _number_forms(text: str) -> Iterator[str]:
    number = Decimal(text.replace(",", "."))
    for rounding in (ROUND_DOWN, ROUND_HALF_EVEN):
        yield f"{Context(prec=_KEPT, rounding=rounding).create_decimal(number).normalize():f}"
    if number.adjusted() >= _LONG or "e" in text.casefold():
        for digits in _SHOWN:
            mantissa, _, power = f"{float(number):.{digits - 1}E}".partition("E")
            yield f"{mantissa}E{power}"
            yield f"{mantissa.rstrip('0').rstrip('.')}E{power}"
