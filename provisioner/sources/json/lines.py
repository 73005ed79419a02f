"""JSON Lines and JSON text sequences: objects one after the other, each of them right or wrong on its own."""

from collections.abc import Iterable, Iterator

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources.text.decoding import BOM, MAX_RECORD_SIZE, decoded

from .layouts import SEPARATOR
from .objects import read_object

_LINE_END = b"\n"


def read_lines(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Read every line that is not blank; ``line`` counts them from 1."""
    line = 0
    for block in _cut(_utf8(chunks, encoding, name), _LINE_END, name):
        for raw in block:
            line += 1
            if raw and not raw.isspace():
                yield read_object(line, raw.removesuffix(b"\r"))


def read_sequence(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Read every text of a sequence (RFC 7464); ``line`` is where it starts, and it may go on over several."""
    line = 1
    for block in _cut(_utf8(chunks, encoding, name), SEPARATOR.encode(), name):
        for raw in block:
            text = raw.lstrip()
            if text:
                yield read_object(line + raw[: -len(text)].count(_LINE_END), text.rstrip())
            line += raw.count(_LINE_END)


def _utf8(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Bring the text into UTF-8, without its byte order marks.

    What should be UTF-8 already is not checked here, so that a bad byte spoils one line and not the file.
    """
    if encoding == "utf-8":
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


def _cut(pieces: Iterable[bytes], separator: bytes, name: str) -> Iterator[list[bytes]]:
    """Cut at every separator. A lone CR is white space in JSON, so LF alone ends a line."""
    lines, rest = 0, b""
    for piece in pieces:
        parts = (rest + piece).split(separator)
        rest = parts.pop()
        lines += piece.count(_LINE_END)
        if len(rest) > MAX_RECORD_SIZE:
            raise InputError(
                f"is a record of more than {MAX_RECORD_SIZE // 1024**2} MiB",
                source=name,
                line=1 + lines - rest.count(_LINE_END),
                cure="write one object per line",
            )
        yield parts
    yield [rest]
