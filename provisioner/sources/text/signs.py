"""Signs that are no letters: how unlikely they are where they stand, as a wrong encoding gives many of them."""

import re
import unicodedata
from collections.abc import Iterable

LETTER = r"[^\W\d_]"
ACCENT = r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
"""Characters on top of letters: of Vietnamese in cp1258, and of Hebrew, Arabic and Thai."""

_ACCENTED = re.compile(rf"(?<={LETTER}){ACCENT}+")
_SIGN = re.compile(rf"({LETTER}{{0,4}})([^\w\x00-\x7f]|[^\x00-\x7f\D])({LETTER}{{0,2}})")
"""A sign or a digit that is not ASCII, with the letters before and behind it."""
_AMOUNT = re.compile(r"(?<![^\W\d_])[£€](?=\d)|(?<=\d)€(?![^\W_])")
"""A currency directly beside the digits of an amount."""

_ELISIONS = {"o", "d", "l", "c", "n", "un", "all", "dall", "dell", "nell", "sant"}
"""What stands before an apostrophe in names: O'Neil, d'Arc, dell'Acqua, Sant'Anna."""
_SHORT_WORDS = {"n", "s", "t"}
"""What stands behind an apostrophe at the start of a word: 't Hooft, 's-Hertogenbosch."""
_PARTNERS = (
    *(("\u00a1", "!"), ("\u00bf", "?"), ("\u00ab", "\u00bb"), ("\u00bb", "\u00ab"), ("\u2039", "\u203a")),
    *(("\u203a", "\u2039"), ("\u201e", "\u201c\u201d"), ("\u201c", "\u201d\u201e"), ("\u201d", "\u201c\u201e")),
    *(("\u2018", "\u2019"), ("\u201a", "\u2018")),
)
"""Signs that come in pairs, and what else has to be in the line of each: exclamation marks and quotes."""
_PARTNERS_OF = dict(_PARTNERS)
_BEHIND_NAMES = "®™©°"
_DISUSED = "¤¦"
"""Signs that hardly anybody writes: the currency of no country, and the broken bar."""

_COMMON, _APOSTROPHE, _PAIRED, _RARE, _ODD, _IMPOSSIBLE = 1.0, 2.0, 5.0, 12.0, 25.0, 40.0
"""Logarithms of how unlikely a sign is, in comparison with letters."""


def cost_of_signs(lines: Iterable[str]) -> float:
    """Return how unlikely the signs of a text are, as a positive logarithm; each sign counts once."""
    costs: dict[str, float] = {}
    for line in lines:
        costs.update(dict.fromkeys({*_AMOUNT.findall(line)} - costs.keys(), _COMMON))
        for found in _SIGN.finditer(_AMOUNT.sub("", _ACCENTED.sub("", line))):
            before, sign, behind = found.groups()
            costs[sign] = max(costs.get(sign, 0.0), _cost_of(before.lower(), sign, behind, line))
    return sum(costs.values())


def _cost_of(before: str, sign: str, behind: str, line: str) -> float:
    if unicodedata.combining(sign):
        return _IMPOSSIBLE
    if sign in "\u2019\u2013":
        return _cost_of_apostrophe_or_dash(before, sign, behind)
    if sign in _PARTNERS_OF:
        return _PAIRED if {*_PARTNERS_OF[sign]} & {*line} else _ODD
    if sign == "€" and not before and not behind:
        return _PAIRED
    if sign in _DISUSED:
        return _ODD
    return _RARE if not behind and (not before or sign in _BEHIND_NAMES) else _ODD


def _cost_of_apostrophe_or_dash(before: str, sign: str, behind: str) -> float:
    if sign == "\u2019" and behind:
        return _APOSTROPHE if (before in _ELISIONS if before else behind in _SHORT_WORDS) else _ODD
    return _PAIRED if before or behind else _COMMON
