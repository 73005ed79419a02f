"""Strict decoding of bytes to text; errors name the line and the byte offset."""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from provisioner.errors import InputError
from provisioner.sources.restart import START, Place

BOM = "\ufeff"
"""Byte order mark, as a character."""
MAX_RECORD_SIZE = 4 * 1024 * 1024
"""Longest line in characters, and longest record in bytes; a longer one lacks its line ends or a closing quote."""


_WIDE_MARKS = tuple(BOM.encode(encoding) for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"))


class UndecodableError(InputError):
    """Raised when bytes are not text in the given encoding. Name the right one, or save the input as UTF-8."""


def leading_boms(head: bytes, encoding: str) -> bytes:
    """Return the bytes of the byte order marks at the start of a text.

    There may be several, since each program that rewrites a file may add one. For UTF-16 and UTF-32 the marks of
    all their byte orders are accepted, since some programs write the wrong one.
    """
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    marks = _WIDE_MARKS if is_wide else (BOM.encode(encoding, errors="ignore"),)
    end = 0
    while mark := next((mark for mark in marks if mark and head.startswith(mark, end)), b""):
        end += len(mark)
    return head[:end]


class _LineCount:
    """Counter of physical lines over pieces of text; a CRLF may be split between two pieces."""

    def __init__(self) -> None:
        self._breaks = 0
        self._ends_in_cr = self._is_open = False

    def look_at(self, decoder: codecs.IncrementalDecoder, chunk: bytes, offset: int) -> None:
        """Do nothing: the bytes of the next piece do not matter for the number of its lines."""

    def add(self, text: str) -> None:
        self._breaks += self._breaks_in(text)
        self._ends_in_cr = text.endswith("\r")
        self._is_open = not text.endswith(("\r", "\n"))

    @property
    def total(self) -> int:
        """Number of lines, including text after the last line end."""
        return self._breaks + self._is_open

    def line_after(self, text: str) -> int:
        """Return the number, from 1, of the line in which ``text`` would end if it were added next."""
        return 1 + self._breaks + self._breaks_in(text)

    def _breaks_in(self, text: str) -> int:
        is_torn = self._ends_in_cr and text.startswith("\n")
        return _count_breaks(text) - is_torn


def _count_breaks(text: str) -> int:
    if "\r" not in text:  # finding none is far quicker than counting
        return text.count("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class _CutLines(_LineCount):
    """Counter for a text that is cut into lines anyway: ``keep`` is told of each piece, so counting is free.

    ``cut`` is the number of the lines before ``start``, where the text begins, and of those cut so far.
    """

    def __init__(self, encoding: str, start: Place) -> None:
        super().__init__()
        self._encoding, self._fresh = encoding, codecs.getincrementaldecoder(encoding)().getstate()
        self._state, self._chunk, self._offset = self._fresh, b"", start.offset
        self.cut, self._rest = start.line - 1, ""

    def look_at(self, decoder: codecs.IncrementalDecoder, chunk: bytes, offset: int) -> None:
        """Take account of the state of the decoder after a chunk, which ends at ``offset``."""
        self._state, self._chunk, self._offset = decoder.getstate(), chunk, offset

    def add(self, text: str) -> None:
        """Do nothing: the lines are counted when they are cut."""

    def keep(self, cut: int, rest: str) -> None:
        """Take account of all lines that were cut so far, and of the text after them."""
        self.cut, self._rest = cut, rest

    def line_after(self, text: str) -> int:
        return 1 + self.cut + _count_breaks(self._rest + text)

    def place(self) -> Place | None:
        """Return the place of the first line that is not cut yet; None where decoding may not begin there.

        It may where encoding the rest of the text gives the last bytes of the chunk again, apart from the start of
        a character that the decoder waits for, and where the decoder is in no other state than at first.
        """
        waiting, state = self._state
        try:
            rest = self._rest.encode(self._encoding) + waiting
        except UnicodeEncodeError:
            return None
        if state != self._fresh[1] or not self._chunk.endswith(rest):
            return None
        return Place(self.cut + 1, self._offset - len(rest))


class DecodedLines:
    """Lines of a text in lists, as ``line_blocks`` yields them; iterating raises as it and ``decoded`` do.

    ``chunks`` are the bytes from ``start`` on.
    """

    def __init__(self, chunks: Iterable[bytes], encoding: str, name: str, start: Place = START) -> None:
        self._chunks, self._encoding, self._name = iter(chunks), encoding, name
        self._place, self._lines = start, None if encoding == "utf-8" else _CutLines(encoding, start)
        self._blocks = self._decode(self._lines, self._chunks, start) if self._lines else self._cut()

    def __iter__(self) -> Iterator[list[str]]:
        return self._blocks

    def next_place(self) -> Place | None:
        """Return the place of the lines after the last list; None where a later pass cannot begin there."""
        return self._lines.place() if self._lines else self._place

    def _cut(self) -> Iterator[list[str]]:
        """Yield the lines of UTF-8 text, whose bytes are cut first and then decoded, in half the time.

        Where something is wrong with the text, the lines from there on are decoded as those of any other, which
        raises the error.
        """
        rest = b""
        for chunk in chain(self._chunks, [b""]):
            text, end = rest + chunk, self._place.offset + len(rest) + len(chunk)
            is_first = end == len(chunk)
            lines = text[len(leading_boms(text, "utf-8")) if is_first else 0 :].splitlines(keepends=True)
            left = lines.pop() if lines and chunk else b""
            try:
                block = list(map(bytes.decode, lines))
            except UnicodeDecodeError:
                block = []
            if len(block) < len(lines) or b"\0" in chunk or len(left) > MAX_RECORD_SIZE:
                self._lines = _CutLines(self._encoding, self._place)
                yield from self._decode(self._lines, chain([text], self._chunks), self._place)
                return
            rest, self._place = left, Place(self._place.line + len(block), end - len(left))
            if block:
                yield block

    def _decode(self, lines: _CutLines, chunks: Iterable[bytes], start: Place) -> Iterator[list[str]]:
        texts = decoded(chunks, self._encoding, self._name, lines, start.offset)
        return line_blocks(texts, self._name, lines)


def decoded(
    chunks: Iterable[bytes], encoding: str, name: str, lines: _LineCount | None = None, offset: int = 0
) -> Iterator[str]:
    """Yield the decoded pieces of a text, without its byte order marks; no piece is empty.

    ``name`` is the input's name for error messages, ``offset`` that of the first byte. Raise ``UndecodableError``,
    with line and byte offset, at the first bytes that are not valid in ``encoding``, and ``InputError`` at a NUL
    character.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = lines or _LineCount()
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
            lines.look_at(decoder, chunk, offset)
            lines.add(text)
            yield text


def _undecodable(
    error: UnicodeDecodeError, encoding: str, name: str, lines: _LineCount, offset: int
) -> UndecodableError:
    """Return the error for a decoding fault; ``offset`` is the number of bytes given to the decoder so far."""
    before = error.object[: error.start].decode(encoding, errors="replace")
    at = offset - len(error.object) + error.start
    return UndecodableError(
        f"is not {encoding} text, from byte offset {at} of the file on",
        source=name,
        line=lines.line_after(before),
        cure="name its encoding, e.g. --encoding cp1252, or save it as UTF-8",
    )


def line_blocks(texts: Iterable[str], name: str, counter: _CutLines | None = None) -> Iterator[list[str]]:
    """Yield lists of the lines in a text, each with its line end (LF, CRLF or lone CR), one list per piece.

    Lists are used because ``itertools.chain`` iterates over them without running Python code per line. Raise
    ``InputError`` for a line of more than ``MAX_RECORD_SIZE`` characters.
    """
    count, rest = counter.cut if counter else 0, ""
    for text in texts:
        lines = io.StringIO(rest + text, newline="").readlines()
        # The last line may go on in the next piece, even where it ends in CR: an LF may follow.
        rest = lines.pop()
        count += len(lines)
        if counter:
            counter.keep(count, rest)
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
    """Return the number of lines of a text that is given in pieces.

    LF, CRLF and a lone CR end a line; text after the last of them counts as one more line.
    """
    count = _LineCount()
    for text in texts:
        count.add(text)
    return count.total


def lines_at_end(tail: bytes, offset: int, encoding: str, mark_size: int) -> list[str]:
    """Return the lines of the end of a file; a first line that is incomplete is omitted.

    ``tail`` are its bytes from ``offset`` on; ``mark_size`` is the size of the byte order marks in bytes.
    """
    if offset == 0:
        tail = tail[mark_size:]
    elif encoding.startswith(("utf-16", "utf-32")):
        tail = tail[-(offset - mark_size) % 4 :]
    lines = io.StringIO(tail.decode(encoding, errors="replace"), newline="").readlines()
    return lines if offset == 0 else lines[1:]
