"""Odd words: mixtures of scripts, capitals and signs that no language has, and that a wrong encoding gives."""

import re
import unicodedata
from functools import cache

_WITHIN_WORDS = "\u2019\u2018\u00b4·"
"""Signs that occur between letters: what is written for an apostrophe, and the middle dot of Catalan."""
_AROUND_WORDS = "¡¿«»\u2039\u203a“”„\u201a…©®™°€£¥•†‡²³\u3000\u3001\u3002"
"""Signs that occur directly before or after a word."""
_LAST_LATIN_ACCENT = "\u0370"
_SCRIPTS = {"LATIN": "a", "CYRILLIC": "c", "GREEK": "g", "HEBREW": "h", "ARABIC": "r", "THAI": "t"}
_ODD = re.compile(
    r"!"  # a control character, or no character at all
    r"|[laUA][cghrt]|[cghrt][laUA]"  # two alphabets in one word
    r"|c[ghrt]|g[chrt]|h[cgrt]|r[cght]|t[cghr]"
    r"|[la]A|aU|[UA]A[la]|UAU[la]"  # a capital behind a small letter, or among others before a small letter
    r"|[la]{2}z|z[la]{2}|[la]z[la]"  # an ideogram beside small letters, or between them
    r"|[^.?#]\?[^.?#]|[^.?#]#|#[^.?#]|##"  # a sign within a word, or one that stands alone beside a letter
)


def oddity(text: str) -> float:
    """Return the share, from 0 to 1, of implausible words among the words that are not ASCII.

    A word is implausible when it mixes scripts, or has a control character, a capital after a small letter, or a
    sign inside it.
    """
    words = ["".join(map(_kind, word)) for word in text.split() if not word.isascii()]
    return sum(_ODD.search(word) is not None for word in words) / max(len(words), 1)


@cache
def _kind(char: str) -> str:
    """Return the class of a character, as one character.

    ``l`` and ``U`` are small and capital ASCII letters, ``a`` and ``A`` other Latin ones, further letters other
    scripts (``z`` those not listed), ``.``, ``?`` and ``#`` signs inside, beside and apart from words, ``!``
    control characters.
    """
    category = unicodedata.category(char)
    if category[0] == "C":
        return "!"
    if char.isascii():
        return "." if not char.isalpha() else "U" if char.isupper() else "l"
    if unicodedata.combining(char) and char < _LAST_LATIN_ACCENT:
        return "."
    if category[0] not in "LM":
        return "." if category == "Pd" or char in _WITHIN_WORDS else "?" if char in _AROUND_WORDS else "#"
    script = _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "." if char in "ªº" else "z")
    return "A" if script == "a" and char.isupper() else script
