"""Sample of a text whose encoding is not known: its header, and the lines that tell the encodings apart."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .decoding import MAX_RECORD_SIZE

_SIZE = 8 * 1024
_CONTEXT_LINES = 200
"""Most lines without other letters than ASCII; they show the languages of the file."""
_FIELDS_BESIDE = 6
"""Most ASCII fields that are kept of a line, beside all fields with other letters."""
_FIELD_END = re.compile(rb'[\t",;]+')  # in no encoding are these bytes part of a longer character
_WORD_END = re.compile(rb"[ \t]+")
_LONG = 256
"""Size in bytes from which on the words of a field are kept one by one, as those of a note."""
_HEADER_SIZE = 2048
_LINE_END = re.compile(rb"[\r\n]+")
_SEPARATOR_LINE = re.compile(rb'"?sep=', re.IGNORECASE)
_PLAIN = re.compile(rb"[A-Za-z][A-Za-z .'-]{1,39}")
"""A field that may be a name: no address of a mailbox, no id, no JSON."""
_ASCII = bytes(range(128))


@dataclass(slots=True)
class Sample:
    """Lines of a text, as bytes, their fields separated by tabs.

    ``header`` is the first line. ``told`` are fields with bytes that are not ASCII, each once; ``lines`` are these
    fields with ASCII ones beside them; ``context`` are lines that are all ASCII.
    """

    header: bytes = b""
    lines: list[bytes] = field(default_factory=list)
    context: list[bytes] = field(default_factory=list)
    told: dict[bytes, None] = field(default_factory=dict)

    @property
    def text(self) -> bytes:
        """The header, the lines and the context, one to a line."""
        return b"\n".join((self.header, *self.lines, *self.context))


def take_sample(chunks: Iterable[bytes]) -> Sample:
    """Return a sample of a text: the first 8 KiB of fields that are not ASCII, and one for each further byte."""
    sample, seen, size = Sample(), set[int](), 0
    for piece in _whole_lines(chunks):
        fresh = {*piece.translate(None, _ASCII)} - seen
        seen |= fresh
        if size > _SIZE and not fresh:
            continue
        for line in dict.fromkeys(_LINE_END.split(piece)):
            if line.isascii():
                _add_context(sample, line)
            elif size <= _SIZE or fresh & {*line}:
                size += _add(sample, line, None if size <= _SIZE else fresh)
                fresh -= {*line}
    return sample


def _add_context(sample: Sample, line: bytes) -> None:
    sample.header = sample.header or _header(line)
    if line and len(sample.context) < _CONTEXT_LINES:
        sample.context.append(_beside(line))


def _header(line: bytes) -> bytes:
    """Return the fields of a header; none of a line that is too long, or tells Excel the separator."""
    is_header = len(line) <= _HEADER_SIZE and not _SEPARATOR_LINE.match(line)
    return b"\t".join(_FIELD_END.split(line)) if is_header else b""


def _add(sample: Sample, line: bytes, fresh: set[int] | None) -> int:
    """Add the parts of a line that are not ASCII and not known, and what stands beside them; return their size.

    ``fresh`` are the bytes that the parts must have, None for any.
    """
    new = [
        part
        for part in dict.fromkeys(_parts(line))
        if not part.isascii() and part not in sample.told and (fresh is None or fresh & {*part})
    ]
    is_header = not sample.header
    sample.header = sample.header or _header(line)
    if new and is_header:
        sample.told.update(dict.fromkeys(new))
    elif new:
        sample.told.update(dict.fromkeys(new))
        sample.lines.append(b"\t".join((*new, _beside(line))))
    return sum(map(len, new))


def _parts(line: bytes) -> Iterator[bytes]:
    for part in _FIELD_END.split(line):
        if len(part) <= _LONG:
            yield part
        else:
            yield from _WORD_END.split(part)


def _beside(line: bytes) -> bytes:
    return b"\t".join([part for part in _FIELD_END.split(line) if _PLAIN.fullmatch(part)][:_FIELDS_BESIDE])


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
