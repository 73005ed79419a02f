"""Guess of a legacy (not Unicode) encoding, by how plausible the text is when decoded with each candidate."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from provisioner.errors import InputError

from .alphabets import is_latin, languages_needed, oddity
from .decoding import MAX_RECORD_SIZE

_CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("cp932", "euc-jp", "gb18030", "big5", "cp949"),
    *("iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-15", "koi8-r", "koi8-u"),
    *("mac-roman", "mac-latin2", "cp850", "cp852", "cp437", "cp866"),
)
"""Candidates, by chardet's names; of those that decode a text in the same way the first is reported."""

_WEIGHTS = {"iso": 0.6, "mac": 0.3, "cp4": 0.3, "cp8": 0.3}
"""Weights, from 0 to 1, of encodings that are rare in exports, by prefix of their names: ISO, old Macs and DOS."""

_SAMPLE_SIZE = 16 * 1024
_FIELD_END = re.compile(rb'[\t\r\n",;]+')  # in no encoding are these bytes part of a longer character
_ASCII = bytes(range(128))
_MOST_ODD = 0.5
_LEAST_CONFIDENCE = 0.01
"""Least confidence of chardet for text that is not in Latin script; for few Latin words it may be lower."""
_SLACK = 0.05
_SPOILT_SHARE = 0.25
"""Share of fields valid in UTF-8 above which a text is damaged UTF-8: other encodings rarely are by chance."""
_LEADS = ((3, 3.0), (12, 2.0), (math.inf, 1.4))
"""(most words, factor): up to that many differing words, the best candidate's score has to be that much higher."""
_NAMED = 4
"""Most encodings in a message, and most letters of each."""


@dataclass(frozen=True, slots=True)
class EncodingCandidate:
    """Decoded sample, with the encodings that decode it in this way, in the order of ``_CANDIDATES``.

    ``confidence`` is chardet's, from 0 to 1; ``oddity`` is the share of implausible words.
    """

    text: str
    encodings: tuple[str, ...]
    confidence: float
    oddity: float

    @property
    def score(self) -> float:
        """Likelihood relative to other candidates: weighted confidence divided by the number of languages."""
        weight = max(_WEIGHTS.get(name[:3], 1.0) for name in self.encodings)
        return weight * self.confidence / languages_needed(self.text)

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
    pieces = _gather(chunks)
    if sum(map(_is_utf8, pieces)) > len(pieces) * _SPOILT_SHARE:
        raise InputError(
            "is UTF-8 text but for a few places, of which this is the first",
            source=name,
            line=line,
            cure="fix them, or export it again",
        )
    candidates = _likely(_decode_candidates(pieces))
    if not candidates:
        raise InputError(
            "is not UTF-8 text, nor text in any other encoding that is looked for",
            source=name,
            line=line,
            cure="save it as CSV UTF-8, or name its encoding with --encoding",
        )
    best = candidates[0]
    rivals = [
        candidate for candidate in candidates if candidate.score * _lead_needed(best, candidate) >= best.score
    ]
    if len(rivals) > 1:
        raise _ambiguous(rivals, name, line)
    return best


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


def _gather(chunks: Iterable[bytes]) -> list[bytes]:
    """Return a sample of the non-ASCII fields: the first 16 KiB, then one for each byte value not seen before."""
    found: dict[bytes, None] = {}
    seen: set[int] = set()
    size = 0
    for piece in _whole_lines(chunks):
        fresh = {*piece.translate(None, _ASCII)} - seen
        if size > _SAMPLE_SIZE and not fresh:
            continue
        for field in _FIELD_END.split(piece):
            if not field.isascii() and field not in found and (size <= _SAMPLE_SIZE or fresh & {*field}):
                found[field] = None
                size += len(field)
                fresh -= {*field}
        seen.update(piece.translate(None, _ASCII))
    return list(found)


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces that end at a line end, so that no character is split, unless a line is longer than 4 MiB."""
    rest = b""
    for chunk in chunks:
        end = 1 + max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        if end or len(rest) > MAX_RECORD_SIZE:
            yield rest + chunk[:end]
            rest = b""
        rest += chunk[end:]
    yield rest


def _decode_candidates(pieces: Sequence[bytes]) -> list[EncodingCandidate]:
    """Decode the sample with every possible encoding, and group the encodings that give the same text."""
    from chardet import detect_all  # noqa: PLC0415 - not needed for UTF-8, the usual case

    sample = b"\n".join(pieces)
    found = detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=_CANDIDATES, max_bytes=len(sample)
    )
    alike: dict[str, dict[str, float]] = {}
    for each in found:
        encoding = each["encoding"] or ""
        try:
            alike.setdefault(sample.decode(encoding), {})[encoding] = each["confidence"]
        except (LookupError, UnicodeDecodeError):
            continue
    return [
        EncodingCandidate(text, tuple(sorted(names, key=_place)), max(names.values()), oddity(text))
        for text, names in alike.items()
    ]


def _place(encoding: str) -> int:
    return _CANDIDATES.index(encoding) if encoding in _CANDIDATES else len(_CANDIDATES)


def _likely(candidates: Sequence[EncodingCandidate]) -> list[EncodingCandidate]:
    """Return the plausible candidates, the best first.

    Removed are those with many implausible words, and those not in Latin script of which chardet is not confident.
    """
    least = min((candidate.oddity for candidate in candidates), default=0.0)
    limit = min(least + _SLACK, _MOST_ODD)
    likely = [
        candidate
        for candidate in candidates
        if candidate.oddity <= limit and (candidate.confidence >= _LEAST_CONFIDENCE or is_latin(candidate.text))
    ]
    return sorted(likely, key=lambda candidate: candidate.score, reverse=True)


def _lead_needed(best: EncodingCandidate, other: EncodingCandidate) -> float:
    """Return the factor by which the best score has to exceed the other's: higher if few words differ."""
    pairs = zip(best.text.split(), other.text.split(), strict=False)
    telling = sum(mine != theirs for mine, theirs in pairs)
    return next(lead for most, lead in _LEADS if telling <= most)


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
