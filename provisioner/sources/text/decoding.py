"""From bytes to text, strictly, with the place of every fault."""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from provisioner.errors import InputError

BOM = "\ufeff"
MAX_RECORD_SIZE = 4 * 1024 * 1024
"""Most characters of one line, or bytes of one record: what is longer has lost its line ends or its quotes."""


_WIDE_MARKS = tuple(BOM.encode(encoding) for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"))


class UndecodableError(InputError):
    """Name the input's encoding, or save it as UTF-8."""


def leading_boms(head: bytes, encoding: str) -> bytes:
    """Return the byte order marks that a text starts with: several programs add one each.

    Those of UTF-16 and UTF-32 are all taken for marks of any of them, since some programs write the wrong one.
    """
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    marks = _WIDE_MARKS if is_wide else (BOM.encode(encoding, errors="ignore"),)
    end = 0
    while mark := next((mark for mark in marks if mark and head.startswith(mark, end)), b""):
        end += len(mark)
    return head[:end]


class _LineCount:
    """Counts physical lines over pieces of text; a CRLF may be torn apart between two pieces."""

    def __init__(self) -> None:
        self._breaks = 0
        self._ends_in_cr = self._is_open = False

    def add(self, text: str) -> None:
        self._breaks += self._breaks_in(text)
        self._ends_in_cr = text.endswith("\r")
        self._is_open = not text.endswith(("\r", "\n"))

    @property
    def total(self) -> int:
        """How many lines there are; what stands after the last line end is one."""
        return self._breaks + self._is_open

    def line_after(self, text: str) -> int:
        """Return the number of the line that stands after ``text``, from 1."""
        return 1 + self._breaks + self._breaks_in(text)

    def _breaks_in(self, text: str) -> int:
        is_torn = self._ends_in_cr and text.startswith("\n")
        return text.count("\n") + text.count("\r") - text.count("\r\n") - is_torn


def decoded(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[str]:
    """Decode piece by piece, without the byte order marks in front; no piece is empty.

    Raise ``UndecodableError`` with the line and the offset of the first bytes that are no text in this encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, offset = _LineCount(), 0
    for chunk in chain(chunks, [b""]):
        mark = b"" if offset else leading_boms(chunk, encoding)
        offset += len(chunk)
        try:
            text = decoder.decode(chunk[len(mark) :], final=not chunk)
        except UnicodeDecodeError as error:
            raise _undecodable(error, encoding, name, lines, offset) from error
        if "\0" in text:
            raise InputError(
                "holds a NUL character, so it is not text in this encoding",
                source=name,
                line=lines.line_after(text[: text.index("\0")]),
                cure="save it as UTF-8, or name its encoding, e.g. --encoding utf-16-le",
            )
        if text:
            lines.add(text)
            yield text


def _undecodable(
    error: UnicodeDecodeError, encoding: str, name: str, lines: _LineCount, offset: int
) -> UndecodableError:
    """Word a decoding fault. ``offset`` is how many bytes the decoder was given in all."""
    before = error.object[: error.start].decode(encoding, errors="replace")
    at = offset - len(error.object) + error.start
    return UndecodableError(
        f"is not {encoding} text, from byte offset {at} of the file on",
        source=name,
        line=lines.line_after(before),
        cure="name its encoding, e.g. --encoding cp1252, or save it as UTF-8",
    )


def line_blocks(texts: Iterable[str], name: str) -> Iterator[list[str]]:
    """Cut text into lines with their ends (LF, CRLF, lone CR), a list for each piece of text.

    Lists, because going through them line by line then costs nothing in Python.
    """
    count, rest = 0, ""
    for text in texts:
        lines = io.StringIO(rest + text, newline="").readlines()
        # The last line may go on in the next piece, even where it ends in CR: an LF may follow.
        rest = lines.pop()
        count += len(lines)
        if len(rest) > MAX_RECORD_SIZE:
            raise InputError(
                f"is a line of more than {MAX_RECORD_SIZE // 1024**2} MiB",
                source=name,
                line=count + 1,
                cure="export it again with one record per line",
            )
        if lines:
            yield lines
    if rest:
        yield [rest]


def count_lines(texts: Iterable[str]) -> int:
    """Count the lines of a text in pieces, as ``line_blocks`` cuts them."""
    count = _LineCount()
    for text in texts:
        count.add(text)
    return count.total


def lines_at_end(tail: bytes, offset: int, encoding: str, mark_size: int) -> list[str]:
    """Cut the end of a file, from ``offset`` on, into lines, without the first if only a part of it is there."""
    if offset == 0:
        tail = tail[mark_size:]
    elif encoding.startswith(("utf-16", "utf-32")):
        tail = tail[-(offset - mark_size) % 4 :]
    lines = io.StringIO(tail.decode(encoding, errors="replace"), newline="").readlines()
    return lines if offset == 0 else lines[1:]
