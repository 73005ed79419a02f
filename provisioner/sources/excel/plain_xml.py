"""Plain XML: the one shortcut beside the parser, for items of a part in the form in which programs write them.

Why: the parser calls a function for every tag, which makes about 18,000 rows a second of four columns; with the
shortcut there are 60,000 and more in the same time of the processor. The bar for workbooks is 40,000.

When: for the rows of a sheet (``plain_rows``) and for the texts that cells share (``texts``). The parser still
reads everything before and after the items, and those that are not in the plain form: whole elements without
comments, without other entities than the predefined ones and without namespaces of their own. A piece is taken
only where the parser stands between two items; so a part without the pieces is well-formed when the whole part
is, and no text inside a comment or a section is mistaken for an item. What is doubtful is not refused but goes
to the parser. OpenDocument has no shortcut.

Equality: ``tests/unit/sources/excel/test_plain_rows.py`` reads each of its workbooks with the shortcut and with
the parser alone, forms of many programs as well as texts that are spoilt at random, and compares all records,
notes and errors. One test holds that rows as programs write them do not reach the parser.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from .xml_reader import PartHandler

_LONGEST_ITEM = 1024**2
"""Longest item in bytes that is taken out; the bytes of a longer one go to the parser in pieces."""
_LONGEST_START = 256 * 1024
"""Largest number of bytes in which the element around the items has to begin."""
_NOT_IN_XML = bytes(byte for byte in range(0x20) if byte not in b"\t\n")
"""Bytes that XML does not allow or, as CR, reads as another character."""
_NOT_PLAIN = (b"]]>", b"\xef\xbf\xbe", b"\xef\xbf\xbf")
"""What else is not allowed in a text: the end of a section, and U+FFFE and U+FFFF."""
_ENTITY = re.compile(rb"&(?:amp|lt|gt|quot|apos|#10|#xA|#13|#xD|#9|#x9);")
_ENTITIES = re.compile(r"&([^;]+);")
_CHARACTERS = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'",
    "#10": "\n", "#xA": "\n", "#13": "\r", "#xD": "\r", "#9": "\t", "#x9": "\t",
}  # fmt: skip
_ATTRIBUTE = re.compile(r' ((?:([A-Za-z_][\w.-]*):)?[A-Za-z_][\w.-]*)="([^"<>&\s]*)"', re.ASCII)
_NAME = rb"(?:[A-Za-z_][\w.-]*:)?"

Take = Callable[[str], bool]
"""Function that takes whole items from a text; false, with nothing taken, when they are not in the plain form."""


class NotPlainError(Exception):
    """Raised when a text is not in the plain form."""


class Attributes:
    """Reader of the attributes of a tag; ``prefixes`` are the declared namespace prefixes."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = frozenset(prefixes) | {"xml"}

    def read(self, text: str) -> dict[str, str]:
        """Return the attributes in the text after the name of a tag; raise ``NotPlainError`` for other texts."""
        attributes, end = {}, 0
        for found in _ATTRIBUTE.finditer(text):
            name, prefix, value = found.groups()
            if found.start() != end or name in attributes or name == "xmlns":
                raise NotPlainError
            if prefix and prefix not in self._prefixes:
                raise NotPlainError
            attributes[name], end = value, found.end()
        if text[end:].strip(" "):
            raise NotPlainError
        return attributes


def decode_entities(text: str) -> str:
    """Return a text with its entities decoded; all of them must be among those of the plain form."""
    return _ENTITIES.sub(lambda found: _CHARACTERS[found[1]], text) if "&" in text else text


def without_plain_items(
    pieces: Iterable[bytes], handler: PartHandler, container: str, item: str, reader: Callable[[str], Take]
) -> Iterator[bytes]:
    """Yield the bytes of a part for the parser, without the items in plain form, which ``reader`` gets.

    Items are the elements ``item`` directly in the element ``container``. ``handler`` has to call
    ``mark_item_end`` at the start of the container and at the end of each item. ``reader`` is called once, with
    the namespace prefix of the container and its colon; the function that it returns gets the texts of whole
    items. After each of its texts comes a piece without bytes.
    """
    start = re.compile(rb"<(" + _NAME + rb")" + container.encode() + rb"(?: [^<>]*[^/<>])?>", re.ASCII)
    buffered, pieces, found = b"", iter(pieces), None
    for piece in pieces:
        buffered += piece
        found = start.search(buffered)
        if found or len(buffered) > _LONGEST_START:
            break
    if found is None:
        yield buffered
        yield from pieces
        return
    yield buffered[: found.end()]
    rest = chain([buffered[found.end() :]], pieces)
    if handler.is_utf8 and handler.item_end == found.start():
        items = _Items(found.end(), found.end() - found.start(), b"</" + found[1] + item.encode() + b">")
        yield from items.left_over(rest, handler, reader(found[1].decode()))
    else:
        yield from rest


class _Items:
    """Items of a part; ``fed`` counts the bytes that the parser has, whose last tag is ``last_tag`` bytes long."""

    def __init__(self, fed: int, last_tag: int, end_tag: bytes) -> None:
        self._fed, self._last_tag, self._end_tag = fed, last_tag, end_tag

    def left_over(self, pieces: Iterable[bytes], handler: PartHandler, take: Take) -> Iterator[bytes]:
        """Yield the bytes that ``take`` does not take. The parser gets them before the next ones are asked for."""
        rest = b""
        for piece in pieces:
            rest += piece
            end = rest.rfind(self._end_tag) + len(self._end_tag)
            if end < len(self._end_tag):
                if len(rest) > _LONGEST_ITEM:
                    yield self._feed(rest)
                    rest = b""
                continue
            items, rest = rest[:end], rest[end:]
            is_between = handler.item_end == self._fed - self._last_tag
            if is_between and (text := _plain_text(items)) and take(text):
                yield b""
            else:
                self._last_tag = len(self._end_tag)
                yield self._feed(items)
        yield rest

    def _feed(self, piece: bytes) -> bytes:
        self._fed += len(piece)
        return piece


def _plain_text(piece: bytes) -> str:
    """Return a piece as text; empty when it has characters or entities that are not of the plain form."""
    # A single byte is found much faster than several.
    if any(each[:1] in piece and each in piece for each in _NOT_PLAIN):
        return ""
    if len(piece.translate(None, _NOT_IN_XML)) != len(piece):
        return ""
    if piece.count(b"&") != len(_ENTITY.findall(piece)):
        return ""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return ""
