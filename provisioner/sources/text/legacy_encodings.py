"""Guess of a legacy (not Unicode) encoding, by how plausible the text is when decoded with each candidate."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from provisioner.errors import InputError

from .header_words import languages_of_header
from .letter_frequencies import known_languages
from .likelihood import TextLikelihood, words_of
from .oddity import oddity
from .sample import Sample, take_sample

_CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("cp932", "euc-jp", "gb18030", "big5", "cp949"),
    *("iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u"),
    *("mac-roman", "mac-latin2", "cp850", "cp852", "cp437", "cp866"),
)
"""Candidates; of those that decode a text in the same way the first is reported."""

_PRIORS = {
    "cp1254": -0.7,
    "cp1255": -0.5,
    "cp1256": -0.5,
    "cp1257": -0.7,
    "cp1258": -2.0,
    "cp866": -3.0,
    "euc": -1.5,
    "koi": -1.5,
    "iso": -1.5,
    "mac": -6.0,
    "cp4": -7.0,
    "cp8": -6.5,
    "cp874": 0.0,
    "iso8859-9": -2.0,
    "mac-latin2": -6.5,
}
"""Logarithms of how rare encodings are in exports, by name or by its first three letters; 0 for the others."""

_MOST_ODD = 0.5
_SLACK = 0.05
_LEAD = 10.0
"""Difference between the logarithms of two likelihoods from which on the first is certain enough."""
_LEAD_WITH_LOCALE, _LOCALE_GAIN = 5.0, 1.0
"""The same where the locale's language is that of the text: where it raises the likelihood by so much."""
_LOCALE_FACTOR = 100.0
"""How many times more likely the language of the machine's locale is, when nothing else decides."""
_SPOILT_SHARE = 0.25
"""Share of fields valid in UTF-8 above which a text is damaged UTF-8: other encodings rarely are by chance."""
_NAMED = 4
"""Most encodings in a message, and most letters of each."""


class EncodingCandidate(msgspec.Struct, frozen=True):
    """Decoded sample, with the encodings that decode it in this way, in the order of ``_CANDIDATES``.

    ``score`` is the logarithm of its likelihood.
    """

    text: str
    encodings: tuple[str, ...]
    score: float = 0.0

    @property
    def letters(self) -> tuple[str, ...]:
        """Printable non-ASCII characters of the sample, the most frequent first, for the user to judge."""
        counts = Counter(char for char in self.text if not char.isascii())
        return tuple(char for char, _ in counts.most_common() if char.isprintable())


def guess_encoding(chunks: Iterable[bytes], name: str, line: int | None) -> EncodingCandidate:
    """Return the most plausible decoding of a text that is not valid UTF-8.

    ``line`` is the first line that is not UTF-8. Raise ``InputError``, with this line, when the text is UTF-8 with
    a few damaged places, when no encoding fits, and when several give different letters and none is clearly
    better: a wrong one would garble names.
    """
    sample = take_sample(chunks)
    if sum(map(_is_utf8, sample.told)) > len(sample.told) * _SPOILT_SHARE:
        raise InputError(
            "is UTF-8 text but for a few places, of which this is the first",
            source=name,
            line=line,
            cure="fix them, or export it again",
        )
    plausible = _plausible(sample)
    if not plausible:
        raise InputError(
            "is not UTF-8 text, nor text in any other encoding that is looked for",
            source=name,
            line=line,
            cure="save it as CSV UTF-8, or name its encoding with --encoding",
        )
    likelihood = TextLikelihood(known_languages())
    ranked = _ranked(plausible, likelihood, {})
    if _is_clear(ranked, _LEAD):
        return ranked[0]
    local = _ranked(plausible, likelihood, _language_of_locale())
    if _is_clear(local, _LEAD_WITH_LOCALE) and local[0].score > ranked[0].score + _LOCALE_GAIN:
        return local[0]
    raise _ambiguous([each for each in ranked if each.score > ranked[0].score - _LEAD], name, line)


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


def _plausible(sample: Sample) -> list[EncodingCandidate]:
    """Return the decodings of a sample without those that have many more odd words than another one."""
    alike: dict[str, list[str]] = {}
    for encoding in _CANDIDATES:
        try:
            alike.setdefault(sample.text.decode(encoding), []).append(encoding)
        except UnicodeDecodeError:
            continue
    odd = {text: oddity(text) for text in alike}
    limit = min(min(odd.values(), default=0.0) + _SLACK, _MOST_ODD)
    return [EncodingCandidate(text, tuple(names)) for text, names in alike.items() if odd[text] <= limit]


def _ranked(
    candidates: Sequence[EncodingCandidate], likelihood: TextLikelihood, hints: Mapping[str, float]
) -> list[EncodingCandidate]:
    """Return the candidates with their likelihood, the best first.

    ``hints`` are factors for languages, by their codes.
    """
    scored = [
        EncodingCandidate(each.text, each.encodings, _prior(each.encodings) + _score(each.text, likelihood, hints))
        for each in candidates
    ]
    return sorted(scored, key=lambda candidate: candidate.score, reverse=True)


def _is_clear(ranked: Sequence[EncodingCandidate], lead: float) -> bool:
    return len(ranked) == 1 or ranked[0].score >= ranked[1].score + lead


def _prior(encodings: Iterable[str]) -> float:
    return max(_PRIORS.get(name, _PRIORS.get(name[:3], 0.0)) for name in encodings)


def _score(text: str, likelihood: TextLikelihood, hints: Mapping[str, float]) -> float:
    lines = text.split("\n")
    told = languages_of_header(words_of(lines[0]))
    factors = {code: told.get(code, 1.0) * hints.get(code, 1.0) for code in (*told, *hints)}
    return likelihood.of(lines, factors)


def _language_of_locale() -> dict[str, float]:
    """Return the factor for the language of the locale; none for English, the default on many machines."""
    told = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := os.environ.get(name))), "")
    code = told.partition(".")[0]
    code = code if code in known_languages().codes else code.partition("_")[0].replace("nb", "no")
    return {code: _LOCALE_FACTOR} if code != "en" else {}


def _ambiguous(rivals: Sequence[EncodingCandidate], name: str, line: int | None) -> InputError:
    told = [f"{rival.encodings[0]} ({' '.join(_own_letters(rival, rivals))})" for rival in rivals[:_NAMED]]
    return InputError(
        f"is not UTF-8 text, and could be {', '.join(told[:-1])} or {told[-1]}",
        source=name,
        line=line,
        cure=f"name the one with the right letters, e.g. --encoding {rivals[0].encodings[0]}",
    )


def _own_letters(candidate: EncodingCandidate, candidates: Sequence[EncodingCandidate]) -> Sequence[str]:
    """Return a few letters that only this candidate gives, to be shown to the user."""
    others = {letter for other in candidates if other is not candidate for letter in other.letters}
    own = [letter for letter in candidate.letters if letter not in others]
    return (own or candidate.letters)[:_NAMED]
