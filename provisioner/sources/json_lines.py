"""JSON Lines: one object per line, each of them right or wrong on its own."""

from collections.abc import Iterable, Iterator

from provisioner.errors import InputError
from provisioner.models import Record

from .json_object import read_object
from .text import BOM, MAX_RECORD_SIZE, decoded


def read_lines(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Read every line that is not blank; ``line`` counts them from 1."""
    line = 0
    for block in _line_blocks(_utf8(chunks, encoding, name), name):
        for raw in block:
            line += 1
            if raw and not raw.isspace():
                yield read_object(line, raw.removesuffix(b"\r"))


def _utf8(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Bring the text into UTF-8, without its byte order mark.

    What should be UTF-8 already is not checked here, so that a bad byte spoils one line and not the file.
    """
    if encoding == "utf-8":
        mark = BOM.encode()
        for chunk in chunks:
            yield chunk.removeprefix(mark)
            mark = b""
    else:
        for text in decoded(chunks, encoding, name):
            yield text.encode(errors="surrogatepass")


def _line_blocks(pieces: Iterable[bytes], name: str) -> Iterator[list[bytes]]:
    """Cut at every LF: a lone CR is white space in JSON, not the end of a record."""
    count, rest = 0, b""
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        count += len(lines)
        if len(rest) > MAX_RECORD_SIZE:
            raise InputError(
                f"is a line of more than {MAX_RECORD_SIZE // 1024**2} MiB",
                source=name,
                line=count + 1,
                cure="write one object per line",
            )
        yield lines
    yield [rest]
