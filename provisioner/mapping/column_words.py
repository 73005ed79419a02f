"""How well the name of a column fits a purpose, by the usual names of columns in several languages."""

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import NamedTuple

from provisioner.system.package_files import read_package_file
from provisioner.system.patterns import late_pattern

_TABLE = "column_words.toml"
_OTHERS = "others"
_WHOLE_ONLY = ("=", "~")
_NOT_BY_ITSELF = "~"
_NOT_INSIDE = ("company", "language", "country", "subject")
"""Purposes for which a phrase has to end the name: ``company size`` and ``country of birth`` are others."""
_OF_A_PERSON = ("first name", "last name", "full name", "email", "phone")

_CAMEL = late_pattern(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_LETTER = late_pattern(r"[\W_]+")
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "đ": "d"})
"""Letters that Unicode does not split into a letter and an accent."""
_NUMBER = late_pattern(r"(?<=[^\W\d])(?=\d)")
_VALUE_WORD = r"\b(?:\d+|value|wert|valeur|valor|valore|waarde|wartosc|値)\b"
"""Words which say nothing about the purpose of a column: ``E-mail 1 - Value``."""
_CONTAINER = r"(?i)^(?:fields|properties|attributes|values|data|record|item|details|profile)\."
"""Object around the values of a record, in JSON and in tables made from it: ``fields.Name``."""
_NO_SPACES = r"[\u3040-\u30ff\u3400-\u9fff]"
"""A letter of Japanese, which separates no words."""
_SHORTEST_TAIL = 5
"""Fewest letters of a phrase that counts at the end of a longer word, as in ``CONTACTEMAIL``."""
_SHORTEST_JAPANESE_TAIL = 2


class Fit(IntEnum):
    """How a phrase fits the name of a column; greater is better."""

    NONE = 0
    INSIDE = 1
    AT_END = 2
    BUT_FOR_NUMBERS = 3
    WHOLE = 4


class _Phrase(NamedTuple):
    """Usual name of a column; ``place`` is its place among those of its language, the most typical first.

    ``is_clear`` says that it has its meaning also without other columns around it.
    """

    words: str
    squeezed: str
    is_whole_only: bool
    is_clear: bool
    place: int


class _Name(NamedTuple):
    """Name of a column in the forms that phrases are compared with."""

    words: str
    squeezed: str
    core: str
    is_anothers: bool


def normalize_header(column: str) -> str:
    """Return the name of a column in lower case without accents, its words separated by single spaces."""
    spread = unicodedata.normalize("NFKD", _CAMEL.sub(" ", column))
    plain = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return _NO_LETTER.sub(" ", plain.casefold().translate(_PLAIN)).strip()


def score(column: str, purpose: str) -> tuple[int, int]:
    """Return how well the name of a column fits a purpose; greater is better, and (0, 0) means not at all.

    The first number is a ``Fit``, the second is the negative place of the phrase in the list of its language. For
    ``id`` the whole name has to match.
    """
    name = _name(column)
    best = (0, 0)
    for phrase in _phrases()[purpose]:
        fit = _fit(name, phrase)
        if fit == Fit.WHOLE or (fit >= _least(purpose) and not name.is_anothers):
            best = max(best, (int(fit), -phrase.place))
    return best


def _least(purpose: str) -> Fit:
    """Return how well a phrase has to fit at least."""
    if purpose == "id":
        return Fit.WHOLE
    return Fit.AT_END if purpose in _NOT_INSIDE else Fit.INSIDE


def is_about_a_person(column: str) -> bool:
    """Return whether the whole name of a column means a person's name, e-mail address or telephone number."""
    name = _name(column)
    phrases = (phrase for purpose in _OF_A_PERSON for phrase in _phrases()[purpose] if phrase.is_clear)
    return any(_fit(name, phrase) == Fit.WHOLE for phrase in phrases)


def has_family_name_first(column: str) -> bool:
    """Return whether the language of a column's name writes the family name before the given name."""
    return re.search(_NO_SPACES, column) is not None


def _fit(name: _Name, phrase: _Phrase) -> Fit:
    if phrase.words == name.words or phrase.squeezed == name.squeezed:
        return Fit.WHOLE
    if phrase.words == name.core:
        return Fit.BUT_FOR_NUMBERS
    if phrase.is_whole_only:
        return Fit.NONE
    if name.words.endswith(f" {phrase.words}") or _is_tail(name.words, phrase.squeezed):
        return Fit.AT_END
    return Fit.INSIDE if f" {phrase.words} " in f" {name.words} " else Fit.NONE


def _is_tail(words: str, squeezed: str) -> bool:
    """Return whether the last word of a name, written without spaces, ends with a phrase."""
    least = _SHORTEST_JAPANESE_TAIL if re.search(_NO_SPACES, squeezed) else _SHORTEST_TAIL
    return len(squeezed) >= least and words.endswith(squeezed)


def _name(column: str) -> _Name:
    words = normalize_header(re.sub(_CONTAINER, "", column))
    core = " ".join(re.sub(_VALUE_WORD, " ", _NUMBER.sub(" ", words)).split())
    return _Name(words, words.replace(" ", ""), core, _others().search(words) is not None)


@cache
def _table() -> dict[str, dict[str, list[str] | str]]:
    import tomllib  # noqa: PLC0415 - most inputs name their columns as the program does

    text = read_package_file(__package__, _TABLE).decode()
    return tomllib.loads(text)


@cache
def _phrases() -> dict[str, tuple[_Phrase, ...]]:
    table = {purpose: lists for purpose, lists in _table().items() if purpose != _OTHERS}
    return {purpose: tuple(_listed(lists)) for purpose, lists in table.items()}


def _listed(lists: dict[str, list[str] | str]) -> Iterator[_Phrase]:
    for phrases in lists.values():
        for place, text in enumerate(phrases):
            words = normalize_header(text.lstrip("".join(_WHOLE_ONLY)))
            is_clear = not text.startswith(_NOT_BY_ITSELF)
            yield _Phrase(words, words.replace(" ", ""), text.startswith(_WHOLE_ONLY), is_clear, place)


@cache
def _others() -> re.Pattern[str]:
    words = [normalize_header(word) for text in _table()[_OTHERS].values() for word in str(text).split()]
    spaced = [word for word in words if not re.search(_NO_SPACES, word)]
    japanese = [word for word in words if re.search(_NO_SPACES, word)]
    return re.compile(rf"\b(?:{'|'.join(spaced)})\b|{'|'.join(japanese)}")
