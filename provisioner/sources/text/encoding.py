"""Detection of a text's encoding: by option, by the rules of Unicode, else a guess that is marked as such."""

import codecs
from contextlib import closing

import msgspec

from provisioner.errors import InputError, UsageError
from provisioner.sources.detection import Detected
from provisioner.sources.files.raw_input import RawInput

from .decoding import UndecodableError, decoded, leading_boms

_MARKS = {
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "gb18030": b"\x84\x31\x95\x33",  # as bytes, so that its codec is loaded where it is needed
}
"""Byte order marks by encoding. UTF-32 is first: its little-endian mark starts with that of UTF-16."""

_UNMARKED = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Encodings whose byte order depends on the mark, and the encoding they mean without one."""

_NO_MARK = Detected("no", "none at the start")
_LETTERS = 12
"""Number of letters that a guess shows, so that the user can judge it."""
_MANY = 0.5
_QUARTER = 0.25
_CLEARLY = 2


class Encoding(msgspec.Struct, frozen=True):
    """Encoding of a text, with its byte order in its name; ``mark`` holds the bytes of its byte order marks."""

    found: Detected
    bom: Detected = _NO_MARK
    mark: bytes = b""


JSON_ENCODING = Encoding(Detected("utf-8", "no byte order mark, and JSON is UTF-8"))
"""Encoding of JSON without a byte order mark (RFC 8259, section 8.1)."""


def detect_encoding(head: bytes, override: str, name: str) -> Encoding | None:
    """Return the encoding by ``override`` (``--encoding``), the byte order mark, or the positions of NUL bytes.

    Return None when none of these decides. NUL bytes take precedence over the mark, since Salesforce's Data Loader
    writes the mark ``FE FF`` for either byte order. Raise ``InputError`` when the option contradicts the bytes,
    since names would be garbled, or when the input is not text, and ``UsageError`` when the option names no text
    encoding.
    """
    first = next((known for known, mark in _MARKS.items() if head.startswith(mark)), "")
    mark = leading_boms(head, first) if first else b""
    pattern = "" if first in {"utf-8", "gb18030"} else _nul_pattern(head[len(mark) :])
    if override:
        return _overridden(head, _canonical(override), pattern or first, name)
    if pattern and pattern != first:
        despite = f"; the byte order mark says {first}" if first else ""
        return Encoding(Detected(pattern, f"by the positions of NUL bytes{despite}"), _bom(mark, first), mark)
    if first:
        return Encoding(Detected(first, "byte order mark"), _bom(mark, first), mark)
    if b"\0" in head:
        raise InputError(
            f"is binary: NUL at byte offset {head.index(0)}",
            source=name,
            cure="save it as UTF-8 text, or name its encoding, e.g. --encoding utf-16-le",
        )
    return None


def guess_encoding_of(raw_input: RawInput) -> Encoding:
    """Return UTF-8 if all bytes of an input are valid UTF-8, else a guess. Reads the whole input.

    Raise ``InputError`` when the guess is not certain enough, since a wrong one would garble names.
    """
    utf_8 = Encoding(Detected("utf-8", "no byte order mark, and UTF-8 to the last byte"))
    if _is_plainly_utf_8(raw_input):
        return utf_8
    try:
        with closing(raw_input.chunks()) as chunks:
            for text in decoded(chunks, "utf-8", raw_input.name):
                if "\x1b$" in text:
                    raise InputError(
                        "has escape sequences, as ISO-2022 has",
                        source=raw_input.name,
                        cure="name its encoding, e.g. --encoding iso2022_jp, or save it as CSV UTF-8",
                    )
    except UndecodableError as fault:
        from .legacy_encodings import guess_encoding  # noqa: PLC0415 - not needed for UTF-8, the usual case

        with closing(raw_input.chunks()) as chunks:
            reading = guess_encoding(chunks, raw_input.name, fault.line)
        letters = " ".join(reading.letters[:_LETTERS])
        reason = f"a guess: line {fault.line} is not UTF-8; decoded this way it has the letters {letters}"
        return Encoding(Detected(codecs.lookup(reading.encodings[0]).name, reason, is_guess=True))
    return utf_8


def _is_plainly_utf_8(raw_input: RawInput) -> bool:
    """Return whether all bytes are UTF-8, without NUL and escape sequences; it does not count lines for errors."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        with closing(raw_input.chunks()) as chunks:
            for chunk in chunks:
                if b"\0" in chunk or b"\x1b$" in chunk:
                    return False
                decode(chunk)
        decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _bom(mark: bytes, encoding: str) -> Detected:
    if not mark:
        return _NO_MARK
    times = len(mark) // len(_MARKS[encoding])
    return Detected("yes", f"starts with the mark of {encoding}{f', {times} times' if times > 1 else ''}")


def _overridden(head: bytes, encoding: str, told: str, name: str) -> Encoding:
    if encoding in _UNMARKED:
        family = encoding.removesuffix("-sig")
        encoding = told if told.startswith(family) else _UNMARKED[encoding]
    if told not in ("", encoding):
        raise InputError(
            f"is {told} by its byte order mark or its NUL bytes, which contradicts --encoding {encoding}",
            source=name,
            cure="leave --encoding out",
        )
    mark = leading_boms(head, encoding)
    bom = Detected("yes", "starts with the mark") if mark else _NO_MARK
    return Encoding(Detected(encoding, "--encoding"), bom, mark)


def _canonical(encoding: str) -> str:
    """Return Python's name of an encoding; raise ``UsageError`` when it is not a text encoding."""
    try:
        b"\xff".decode(encoding, errors="replace")
        codecs.getincrementaldecoder(encoding)
        canonical = codecs.lookup(encoding).name
    except (LookupError, UnicodeError, ValueError):
        canonical = ""
    if not canonical or canonical in _FOR_HOST_NAMES:
        raise UsageError(
            f"--encoding {encoding!r} is not a text encoding", cure="name one, e.g. utf-8, utf-16 or cp1252"
        )
    return canonical


_FOR_HOST_NAMES = {"idna", "punycode"}
"""Text encodings by Python's definition, but for host names only."""


def _nul_pattern(text: bytes) -> str:
    """Return UTF-16 or UTF-32 with its byte order, by which bytes of every four are NUL; empty for neither."""
    fours = len(text) // 4
    nuls = [text[place : fours * 4 : 4].count(0) for place in range(4)]
    even, odd = nuls[0] + nuls[2], nuls[1] + nuls[3]
    if fours and nuls[3] == fours and nuls[2] > fours * _MANY:
        likely = "utf-32-le"
    elif fours and nuls[0] == fours and nuls[1] > fours * _MANY:
        likely = "utf-32-be"
    elif odd > even * _CLEARLY:
        likely = "utf-16-le"
    elif even > odd * _CLEARLY:
        likely = "utf-16-be"
    else:
        return ""
    return likely if _is_text(text, likely) else ""


def _is_text(start: bytes, encoding: str) -> bool:
    """Return whether the decoded bytes have line ends or delimiters and no control characters.

    Text in another encoding with stray NUL bytes is excluded: decoded as UTF-16 it loses most of its line ends.
    """
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    ends = text.count("\n") + text.count("\r")
    raw_ends = start.count(b"\n") + start.count(b"\r")
    is_wide = start.count(0) > len(start) * _QUARTER or ends > raw_ends * _MANY
    return is_wide and bool({*"\n\r,;\t{["} & {*text}) and not {*"\0\1\2\3\4\5\6\7\x08"} & {*text}
