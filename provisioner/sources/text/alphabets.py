"""Alphabets of languages: how plausible a decoded text is, to choose between similar encodings."""

import re
import unicodedata
from functools import cache

_ALPHABETS = tuple(
    frozenset(letters)
    for letters in (
        "äöüß",  # German
        "àâæçéèêëîïôœùûüÿ",  # French
        "áéíñóúüªº",  # Spanish
        "ãáâàçéêíóôõúüªº",  # Portuguese
        "àçéèíïòóúü",  # Catalan
        "àèéìíîòóù",  # Italian
        "éëïèöüá",  # Dutch
        "åäöæøéóòèê",  # Danish, Finnish, Norwegian, Swedish
        "áðéíóúýþæö",  # Icelandic
        "äöõüšž",  # Estonian
        "ąćęłńóśźż",  # Polish
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíĺľňóôŕšťúýž",  # Slovak
        "áéíóöőúüű",  # Hungarian
        "ăâîșțşţ",  # Romanian
        "čćđšž",  # Bosnian, Croatian, Serbian, Slovene
        "çğıöşüâîû",  # Turkish
        "āčēģīķļņšūž",  # Latvian
        "ąčęėįšųūž",  # Lithuanian
    )
)
"""Non-ASCII letters of languages in Latin script."""

_WITHIN_WORDS = "\u2019·"
"""Signs that occur between letters: the typographic apostrophe and the middle dot of Catalan."""
_AROUND_WORDS = "¡¿«»\u2039\u203a“”„\u2018\u201a…©®™°€£¥•†‡\u3000\u3001\u3002"
"""Signs that occur directly before or after a word."""
_SCRIPTS = {"LATIN": "a", "CYRILLIC": "c", "GREEK": "g", "HEBREW": "h", "ARABIC": "r", "THAI": "t"}
_ODD = re.compile(
    r"!"  # a control character, or no character at all
    r"|[laUA][cghrt]|[cghrt][laUA]"  # two alphabets in one word
    r"|c[ghrt]|g[chrt]|h[cgrt]|r[cght]|t[cghr]"
    r"|[la]A|aU"  # a capital behind a small letter
    r"|[la]z|z[la]"  # an ideogram beside a small letter
    r"|[^.?#]\?[^.?#]|[^.?#]#|#[^.?#]"  # a sign within a word, or one that stands alone beside a letter
)


def oddity(text: str) -> float:
    """Return the share, from 0 to 1, of implausible words among the words that are not ASCII.

    A word is implausible when it mixes scripts, or has a control character, a capital after a small letter, or a
    sign inside it.
    """
    words = ["".join(map(_kind, word)) for word in text.split() if not word.isascii()]
    return sum(_ODD.search(word) is not None for word in words) / max(len(words), 1)


def is_latin(text: str) -> bool:
    """Return whether all letters of a text are of Latin script."""
    return {_kind(char) for char in set(text)} <= {*"laUA.?#!"}


def languages_needed(text: str) -> int:
    """Return the number of languages of Latin script that are needed to cover all words of a text; at least 1.

    Words with the same non-ASCII letters count once; a word that fits no known language counts as a language of
    its own.
    """
    left = {frozenset(char for char in word if _kind(char) == "a") for word in text.lower().split()}
    left.discard(frozenset())
    count = 0
    while left:
        best = max(_ALPHABETS, key=lambda letters: sum(word <= letters for word in left))
        spoken = {word for word in left if word <= best}
        if not spoken:
            return count + len(left)
        left -= spoken
        count += 1
    return max(count, 1)


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
    if category[0] not in "LM":
        return "." if category == "Pd" or char in _WITHIN_WORDS else "?" if char in _AROUND_WORDS else "#"
    script = _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "." if char in "ªº" else "z")
    return "A" if script == "a" and char.isupper() else script
