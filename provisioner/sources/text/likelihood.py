"""Likelihood of a decoded text: how well its words fit the languages that the file seems to be in."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from .header_words import is_header_word
from .letter_frequencies import Languages
from .signs import ACCENT, APOSTROPHES, LETTER, cost_of_signs

_WORD = re.compile(rf"{LETTER}(?:{LETTER}|{ACCENT}|[^\w\x00-\x7f{APOSTROPHES}\u2013](?={LETTER}))*")
"""Letters and accents, and signs between letters."""
_SPACE = re.compile(r"[ \t]+")
_OF_HEADER_WORD = -5.0
"""Logarithm of the probability of a word that headers have."""
_KEPT_WORDS = 4096
_ROUNDS = 5
_START_WEIGHT = 0.5
_LEAST_WEIGHT = 0.03
"""Share of a file's languages that is divided evenly, since one person of another language is in many files."""
_LINE = 0.6
"""Share by which the languages of a word follow from the ASCII words beside it; the rest follows from the file."""
_DAMPING = 0.6
_FLOOR = -60.0


def words_of(line: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(line.lower().replace("i\u0307", "i"))


def _split(line: str) -> tuple[list[str], list[str]]:
    """Return the words of what is not ASCII between two spaces, and those of all the rest of a line."""
    told: list[str] = []
    plain: list[str] = []
    for part in _SPACE.split(line):
        (plain if part.isascii() else told).extend(words_of(part))
    return told, plain


class TextLikelihood:
    """Likelihood of decodings of the same lines, by the languages that their words seem to be of."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages
        self._of_word = lru_cache(_KEPT_WORDS)(languages.log_probabilities)

    def of(self, lines: Sequence[str], hints: Mapping[str, float]) -> float:
        """Return the logarithm of the probability of the words with other letters than ASCII, and of signs.

        The first line is the header. ``hints`` are factors for languages, by their codes.
        """
        split = [_split(line) for line in lines]
        factors = [hints.get(code, 1.0) for code in self._languages.codes]
        shares = _Shares([factor / sum(factors) for factor in factors])
        shares.fit([self._of_word(word) for word in {word: None for _, plain in split for word in plain}])
        counts = Counter(word for told, _ in split for word in told)
        best: dict[str, float] = {}
        for told, plain in split:
            near = self._shares_in_line(plain, shares.values) if told else shares.values
            for word in told:
                row = self._of_word(word)
                found = _logarithm_of_sum(near, row)
                if told is split[0][0] and is_header_word(word):
                    found = max(found, _OF_HEADER_WORD)
                if word not in best:
                    shares.add(row, near)
                best[word] = max(best.get(word, -math.inf), found)
        repeated = {word: 1 + math.log(count) for word, count in counts.items()}
        return sum(found * repeated[word] for word, found in best.items()) - cost_of_signs(lines)

    def _shares_in_line(self, words: Sequence[str], shares: Sequence[float]) -> list[float]:
        """Return the share of each language in one line, by its ASCII words and by the shares in the file."""
        if not words:
            return list(shares)
        sums = [_DAMPING * sum(column) for column in zip(*map(self._of_word, words), strict=True)]
        near = [0.0] * len(sums)
        _add_posterior(near, 1.0, shares, sums)
        return [_LINE * here + (1 - _LINE) * share for here, share in zip(near, shares, strict=True)]


class _Shares:
    """Shares of the languages in a file, as far as its words have been seen."""

    def __init__(self, prior: Sequence[float]) -> None:
        self._prior = prior
        self._sums = [_START_WEIGHT * share for share in prior]
        self.values = list(prior)

    def fit(self, rows: Sequence[Sequence[float]]) -> None:
        """Take words in by expectation and maximization; a row has the logarithms of a word's probabilities."""
        for _ in range(_ROUNDS if rows else 0):
            self._sums = [_START_WEIGHT * share for share in self._prior]
            for row in rows:
                _add_posterior(self._sums, 1.0, self.values, row)
            self._normalize()

    def add(self, row: Sequence[float], near: Sequence[float]) -> None:
        """Take in one word more, where the shares are ``near``: so no word supports itself."""
        _add_posterior(self._sums, 1.0, near, row)
        self._normalize()

    def _normalize(self) -> None:
        total = sum(self._sums)
        self.values = [
            _LEAST_WEIGHT * first + (1 - _LEAST_WEIGHT) * each / total
            for first, each in zip(self._prior, self._sums, strict=True)
        ]


def _add_posterior(sums: list[float], weight: float, shares: Sequence[float], row: Sequence[float]) -> None:
    """Add the probability of each language, given the logarithm of a word's probability in each, to ``sums``."""
    most = max(row)
    parts = [share * math.exp(max(each - most, _FLOOR)) for share, each in zip(shares, row, strict=True)]
    factor = weight / sum(parts)
    for place, part in enumerate(parts):
        sums[place] += factor * part


def _logarithm_of_sum(shares: Sequence[float], row: Sequence[float]) -> float:
    most = max(row)
    parts = (share * math.exp(max(each - most, _FLOOR)) for share, each in zip(shares, row, strict=True))
    return most + math.log(sum(parts))
