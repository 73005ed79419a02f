"""Readers of JSON Lines and JSON text sequences; a fault in one object does not affect the others."""

from collections.abc import Iterable, Iterator

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources.restart import START, Note, Place
from provisioner.sources.skipped import BLANK_LINE, SkippedRecords
from provisioner.sources.text.decoding import BOM, MAX_RECORD_SIZE, decoded

from .layouts import SEPARATOR
from .objects import read_object

UTF_8 = "utf-8"
_LINE_END = b"\n"
_MARK = BOM.encode()


def read_lines(
    chunks: Iterable[bytes],
    encoding: str,
    name: str,
    skipped: SkippedRecords,
    *,
    place: Place = START,
    note: Note | None = None,
) -> Iterator[Record]:
    """Yield one record for each line that is not blank; ``Record.line`` counts all lines from 1.

    ``chunks`` begin at ``place``; in the first line its offset is that of the first byte after the byte order
    marks. ``note``, only for UTF-8, is told the places at which another pass can begin: with any line. Blank lines
    are added to ``skipped``, except for an end of the text after its last line end.

    Raise ``InputError`` for a line longer than ``MAX_RECORD_SIZE``, and for text not in ``encoding`` unless that
    is UTF-8.
    """
    line, blank = place.line - 1, 0
    pieces = chunks if line else _utf8(chunks, encoding, name)
    for offset, block in _cut(pieces, _LINE_END, name, place):
        if note:
            note(Place(line + 1, offset))
        for raw in block:
            line += 1
            if blank:
                skipped.add(blank, BLANK_LINE)
                blank = 0
            if raw and not raw.isspace():
                record = read_object(line, raw.removesuffix(b"\r"))
                if record.problem and raw.startswith(_MARK):  # files with a mark each were joined
                    record = read_object(line, raw.removesuffix(b"\r").lstrip(_MARK))
                yield record
            else:
                blank = line


def read_sequence(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Yield one record for each text of a JSON text sequence (RFC 7464); it may span several lines.

    ``Record.line`` is its first line, from 1. Raise ``InputError`` as ``read_lines`` does.
    """
    line = 1
    for _, block in _cut(_utf8(chunks, encoding, name), SEPARATOR.encode(), name, START):
        for raw in block:
            text = raw.lstrip()
            if text:
                yield read_object(line + raw[: -len(text)].count(_LINE_END), text.rstrip())
            line += raw.count(_LINE_END)


def _utf8(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yield the text as UTF-8, without its byte order marks.

    Text in UTF-8 is not checked here, so that a bad byte is a fault of one record and not of the file.
    """
    if encoding == UTF_8:
        yield from _unmarked(chunks)
    else:
        for text in decoded(chunks, encoding, name):
            yield text.encode(errors="surrogatepass")


def _unmarked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    mark = BOM.encode()
    is_first = True
    for chunk in chunks:
        piece = chunk
        while is_first and piece.startswith(mark):
            piece = piece.removeprefix(mark)
        is_first = False
        yield piece


def _cut(pieces: Iterable[bytes], separator: bytes, name: str, place: Place) -> Iterator[tuple[int, list[bytes]]]:
    """Yield lists of the parts between separators, each with the offset of its first byte.

    ``pieces`` begin at ``place``. In JSON a lone CR is white space, so only LF ends a line.
    """
    lines, offset, rest = place.line - 1, place.offset, b""
    for piece in pieces:
        parts = (rest + piece).split(separator)
        size = len(rest) + len(piece)
        rest = parts.pop()
        lines += piece.count(_LINE_END)
        if len(rest) > MAX_RECORD_SIZE:
            raise InputError(
                f"is a record of more than {MAX_RECORD_SIZE // 1024**2} MiB",
                source=name,
                line=1 + lines - rest.count(_LINE_END),
                cure="write one object per line",
            )
        yield offset, parts
        offset += size - len(rest)
    yield offset, [rest]
