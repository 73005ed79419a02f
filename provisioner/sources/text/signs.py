"""Signs that are no letters: how unlikely they are where they stand, as a wrong encoding gives many of them."""

import re
import unicodedata
from collections.abc import Iterable

_WRITTEN_HIGH = "ªº¹²³"
_FRACTIONS = "¼½¾"
LETTER = rf"[^\W\d_{_WRITTEN_HIGH}{_FRACTIONS}]"
ACCENT = r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
"""Characters on top of letters: of Vietnamese in cp1258, and of Hebrew, Arabic and Thai."""

_ACCENTED = re.compile(rf"(?<={LETTER}){ACCENT}+")
_SIGN = re.compile(
    rf"({LETTER}{{0,4}})([^\w\x00-\x7f]|[^\x00-\x7f\D]|[{_WRITTEN_HIGH}{_FRACTIONS}])({LETTER}{{0,2}})"
)
"""A sign or a digit that is not ASCII, with the letters before and behind it."""
_BESIDE_NUMBER = re.compile(
    rf"(?<!{LETTER})[£€©±§](?= ?\d)|(?:(?<=\d)|(?<=\d ))[€°{_WRITTEN_HIGH}{_FRACTIONS}](?!{LETTER}{{2}})"
)
"""A sign that belongs to the number beside it: £5, 5 €, § 5, 20°C, 2º, 5½."""

_ELISIONS = {"o", "d", "l", "c", "n", "un", "all", "dall", "dell", "nell", "sant"}
"""What stands before an apostrophe in names: O'Neil, d'Arc, dell'Acqua, Sant'Anna."""
_SHORT_WORDS = {"n", "s", "t"}
"""What stands behind an apostrophe at the start of a word: 't Hooft, 's-Hertogenbosch."""
_CONTRACTED = {"s": "", "t": "n", "m": "i"}
"""What ends a word behind an apostrophe in English, and the letter before it: Bob's, don't, I'm."""
_ABBREVIATED = {"n", "m", "d", "s", "sr", "dr", "prof", "av", "avda", "st"}
"""What stands before a letter or a ring that is written high: Mª Carmen, Nº 5, n° 5."""
_UNITS = {"m", "mm", "cm", "dm", "km"}
"""What stands before a number that is written high."""
_PARTNERS = (
    *(("\u00a1", "!"), ("\u00bf", "?"), ("\u00ab", "\u00bb"), ("\u00bb", "\u00ab"), ("\u2039", "\u203a")),
    *(("\u203a", "\u2039"), ("\u201e", "\u201c\u201d"), ("\u201c", "\u201d\u201e"), ("\u201d", "\u201c\u201e")),
    *(("\u2018", "\u2019"), ("\u201a", "\u2018")),
)
"""Signs that come in pairs, and what else has to be in the line of each: exclamation marks and quotes."""
_PARTNERS_OF = dict(_PARTNERS)
_BEHIND_NAMES = "®™©°…"
_ALONE = "€•·—…§"
"""Signs that often stand between spaces."""
APOSTROPHES = "\u2019\u2018\u00b4"
"""What is written for an apostrophe; the second is also a letter of Hebrew and Arabic in Latin ones."""
_DISUSED = "¤¦\u2219"
"""Signs that hardly anybody writes: the currency of no country, the broken bar, and the bullet of mathematics.

So are those of boxes, from U+2500 to U+259F.
"""

_COMMON, _APOSTROPHE, _PAIRED, _RARE, _FOREIGN, _ODD, _IMPOSSIBLE = 1.0, 2.0, 5.0, 12.0, 18.0, 25.0, 40.0
"""Logarithms of how unlikely a sign is, in comparison with letters."""


def cost_of_signs(lines: Iterable[str]) -> float:
    """Return how unlikely the signs of a text are, as a positive logarithm; each sign counts once."""
    costs: dict[str, float] = {}
    for line in lines:
        costs.update(dict.fromkeys({*_BESIDE_NUMBER.findall(line)} - costs.keys(), _COMMON))
        for found in _SIGN.finditer(_BESIDE_NUMBER.sub("", _ACCENTED.sub("", line))):
            before, sign, behind = found.groups()
            costs[sign] = max(costs.get(sign, 0.0), _cost_of(before.lower(), sign, behind, line))
    return sum(costs.values())


def _cost_of(before: str, sign: str, behind: str, line: str) -> float:
    if unicodedata.combining(sign) or unicodedata.category(sign) == "Cc":
        return _IMPOSSIBLE
    if {*_PARTNERS_OF.get(sign, "")} & {*line}:
        return _PAIRED
    if sign in APOSTROPHES and behind:
        return _cost_of_apostrophe(before, sign, behind)
    if sign in "\u2019\u2013":
        return _PAIRED if before or behind else _COMMON
    return _cost_by_neighbours(before, sign, behind)


def _cost_of_apostrophe(before: str, sign: str, behind: str) -> float:
    if before in _ELISIONS or (not before and behind in _SHORT_WORDS):
        return _APOSTROPHE
    if before and before.endswith(_CONTRACTED.get(behind, "-")):
        return _PAIRED
    return _FOREIGN if sign == "\u2018" else _ODD


def _cost_by_neighbours(before: str, sign: str, behind: str) -> float:
    if behind:
        return _COMMON if sign == "·" and before[-1:] == behind[0].lower() == "l" else _ODD
    if sign in _DISUSED or sign in _PARTNERS_OF or "\u2500" <= sign <= "\u259f":
        return _ODD
    if not before:
        return _PAIRED if sign in _ALONE else _RARE
    if before in (_UNITS if sign in "²³" else _ABBREVIATED if sign in "ªº°" else ()):
        return _COMMON
    return _RARE if sign in _BEHIND_NAMES else _ODD
