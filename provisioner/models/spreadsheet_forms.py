"""What becomes of a key when a spreadsheet program, or a script, saves a table again."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from itertools import islice

from provisioner.system.patterns import late_pattern

_MOST_FORMS = 100
"""Forms of a key that are returned; more come of many long numbers only."""
_LONGEST = 64
"""Characters of a key; no number that a spreadsheet program understands is longer."""
_NUMBER = late_pattern(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_SHORTENED = late_pattern(r"[+-]?[0-9](?:[.,][0-9]+)?E[+-][0-9]{2}")
"""Number as a spreadsheet program shows it in scientific notation."""
_KEPT = 15
"""Digits of a number that a spreadsheet program keeps; the others become zeros."""
_SHOWN = (3, 6, _KEPT)
"""Digits of a long number in scientific notation: of the format of that name, and where the cell has no format."""
_LONG = 11
"""Power of ten from which on a spreadsheet program writes a number in scientific notation."""


def spreadsheet_forms(key: str) -> dict[str, str]:
    """Return the texts that a table may have in place of ``key`` once it was saved again, each with the change.

    Spaces around it and zeros before it go, a long number is rounded or shortened (``1.23457E+15``), and the case
    changes, as that of ``true`` does. Any other change makes it another key. The changes have one word each, which
    tells them apart: a table that was saved again holds hardly a key that its change would change once more.

    In a key of several columns, whose parts ``|`` separates, each part may change: their changes are told with the
    numbers of the parts, as ``zeros 1, upper case 2``.
    """
    if len(key) > _LONGEST:
        return {}
    parts = _parts_of(key)
    if len(parts) == 1:
        return _forms_of_text(key)
    forms = {"": ""}
    for number, part in enumerate(parts, start=1):
        options = {part: "", **{form: f"{change} {number}" for form, change in _forms_of_text(part).items()}}
        forms = {
            form if number == 1 else f"{before}|{form}": ", ".join(filter(None, (earlier, change)))
            for before, earlier in forms.items()
            for form, change in options.items()
        }
        forms = dict(islice(forms.items(), _MOST_FORMS))
    return {form: change for form, change in forms.items() if change}


def _parts_of(key: str) -> list[str]:
    r"""Split a key of several columns; a ``|`` inside a part is written ``\|``, and a ``\`` as ``\\``."""
    hidden = key.replace(r"\\", "\0").replace(r"\|", "\1")
    return [part.replace("\1", r"\|").replace("\0", r"\\") for part in hidden.split("|")]


def _forms_of_text(key: str) -> dict[str, str]:
    plain = key.strip()
    forms = {plain.upper(): "upper case", plain.lower(): "lower case", plain: "trimmed"}
    if _NUMBER.fullmatch(plain):
        for form, change in _number_forms(plain):
            forms[form] = forms[form.replace(".", ",")] = change
        forms[plain.replace(".", ",")] = forms[plain.replace(",", ".")] = "decimal sign"
    return {form: change for form, change in forms.items() if form not in (key, "")}


def _number_forms(text: str) -> Iterator[tuple[str, str]]:
    if _SHORTENED.fullmatch(text):
        return
    number = Decimal(text.replace(",", "."))
    change = "rounded" if len(number.as_tuple().digits) > _KEPT else "zeros"
    for rounding in (ROUND_DOWN, ROUND_HALF_EVEN):
        yield f"{Context(prec=_KEPT, rounding=rounding).create_decimal(number).normalize():f}", change
    if number.adjusted() >= _LONG or "e" in text.casefold():
        for digits in _SHOWN:
            mantissa, _, power = f"{float(number):.{digits - 1}E}".partition("E")
            yield f"{mantissa}E{power}", "shortened"
            yield f"{mantissa.rstrip('0').rstrip('.')}E{power}", "shortened"
