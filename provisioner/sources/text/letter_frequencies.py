"""Frequencies of letters in the names of many languages, and the probability of a word in each of them.

The tables are in ``letter_frequencies.xz``. ``benchmarks/letter_frequencies.py`` derives them from the lists of
given names, family names and places in Faker and Faker.js (both MIT); the file begins with their versions.
"""

import lzma
import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files

LEAST = (0.0, 3e-5, 1e-4)
"""Least shares of all letters of a language that its tables hold: of one, two and three letters in a row.

The last letter of each follows the others, which are its context.
"""
START, END = "^", "$"
"""Signs for the start and the end of a word; two of the first stand before it."""
LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Signs for a share: that of number n stands for 2 ** -(n / STEPS)."""
STEPS = 1

_RARE = 1e-4
_LETTERS = 300
"""Share of letters that are in no list of a language, and the number of letters among which they are."""
_TRUST = 2.0
"""How many times ``LEAST`` the shorter context weighs, for each letter that is known to follow a context."""
_KEPT = 4096
"""Most combinations of three letters whose probabilities are kept; each takes 1.3 KB."""
_LISTED = 0.6
"""Share of the characters of Chinese, Japanese and Korean that the lists of names have."""


class Language:
    """One language: shares of its letters by the letters before them."""

    def __init__(self, code: str, following: Mapping[str, Mapping[str, float]]) -> None:
        self.code = code
        self._following = following
        self._totals = {context: self._total(context) for context in following}
        self._characters = _CHARACTERS.get(code)

    def _total(self, context: str) -> tuple[float, float]:
        """Return the share of a context with any letter behind it, and the part of it that no table lists."""
        listed = sum(self._following[context].values())
        total = max(listed, self._following[context[0]].get(context[1], 0.0)) if len(context) > 1 else listed
        return total, total - listed

    def log_probability(self, letters: str) -> float:
        """Return the logarithm of the probability of the last of three letters behind the other two."""
        letter = letters[-1]
        if self._characters:
            listed = self._following[""].get(letter, 0.0)
            return math.log(_LISTED * listed + (1 - _LISTED) * _share_by_character_set(letter, self.code))
        share = self._following[""].get(letter, 0.0) * (1 - _RARE) + _RARE / _LETTERS
        for length in (1, 2):
            context = letters[2 - length : 2]
            known = self._following.get(context)
            if known is not None:
                trust = _TRUST * LEAST[length] * len(known)
                total, unlisted = self._totals[context]
                share = (known.get(letter, 0.0) + (unlisted + trust) * share) / (total + trust)
        return math.log(share)


class Languages:
    """All languages; the probabilities of letters are kept, since a text has the same ones again and again."""

    def __init__(self, languages: Sequence[Language]) -> None:
        self.codes = tuple(language.code for language in languages)
        self._languages = languages
        self._of_letters = lru_cache(_KEPT)(self._compute)

    def log_probabilities(self, word: str) -> tuple[float, ...]:
        """Return the logarithm of the probability of a word of small letters in each of the languages."""
        signs = f"{START}{START}{word}{END}"
        places = [self._of_letters(signs[end - 3 : end]) for end in range(3, len(signs) + 1)]
        return tuple(map(sum, zip(*places, strict=True)))

    def _compute(self, letters: str) -> tuple[float, ...]:
        return tuple(language.log_probability(letters) for language in self._languages)


_CHARACTERS = {
    # language: (character set, first bytes of common characters, share of each common and of each rare one)
    "ja": ("euc_jp", range(0xB0, 0xD0), 0.6 / 2965, 0.03 / 3390),
    "zh": ("gb2312", range(0xB0, 0xD8), 0.9 / 3755, 0.05 / 3008),
    "zh_TW": ("big5", range(0xA4, 0xC7), 0.9 / 5401, 0.05 / 7652),
    "ko": ("euc_kr", range(0xB0, 0xC9), 0.9 / 2350, 0.03 / 4888),
}
"""Character sets that put common characters first, from which the share of an unlisted one follows."""
_KANA = 0.3 / 170
_HALF_WIDTH = 0.01 / 63
_STRAY = 1e-8


@cache
def _share_by_character_set(letter: str, code: str) -> float:
    if letter.isascii():
        return _STRAY if letter.isalpha() else 0.3
    if code == "ja" and "\u3041" <= letter <= "\u30ff":
        return _KANA
    if code == "ja" and "\uff66" <= letter <= "\uff9f":
        return _HALF_WIDTH
    encoding, common_first, common, rare = _CHARACTERS[code]
    try:
        character = letter.encode(encoding)
    except UnicodeEncodeError:
        return _STRAY
    return common if character[0] in common_first else rare


def parse(text: str) -> Languages:
    """Return the languages of a table's text; ``benchmarks/letter_frequencies.py`` describes its form."""
    found = []
    for block in text.split("\n\n"):
        code, *rows = block.splitlines()
        if code.startswith("#"):
            continue
        following: dict[str, dict[str, float]] = {}
        for row in rows:
            context, _, listed = row.partition("\t")
            share, letters = 0.0, following.setdefault(context, {})
            for sign in listed:
                if sign in _SHARES:
                    share = _SHARES[sign]
                else:
                    letters[sign] = share
        found.append(Language(code, following))
    return Languages(found)


_SHARES = {sign: 2.0 ** -(number / STEPS) for number, sign in enumerate(LEVELS)}


@cache
def known_languages() -> Languages:
    """Return the languages whose tables are part of this package; they are read once."""
    packed = files(__package__).joinpath("letter_frequencies.xz").read_bytes()
    return parse(lzma.decompress(packed).decode())
