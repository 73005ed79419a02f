"""Parser of one XML part of a workbook, as a stream: it builds no tree, and memory is bounded."""

from collections.abc import Iterable, Iterator
from xml.parsers import expat  # nosec - document types, and with them entities, are refused

_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
    "http://schemas.openxmlformats.org/package/2006/content-types",
)
"""Namespaces of ISO 29500, transitional and strict, and of the parts that list relationships and types."""

_DEEPEST = 100
"""Most nested elements."""
_MOST_NAMES = 10_000
"""Most distinct names of elements and attributes, all of which the parser keeps in memory."""
_LONGEST_TOKEN = 1024**2
"""Longest tag or comment in bytes; the parser keeps it in memory until it ends."""
_LONGEST_TEXT = 7 * 32_768
"""Most characters of a collected text: a cell has up to 32,767, each written with up to 7 (``_x000D_``)."""


class XmlError(ValueError):
    """Raised when a part is not well-formed XML, or is not as spreadsheet programs write it."""


class PartHandler:
    """Base class of handlers for the elements of a part; ``tags`` are the local names of the elements of interest.

    For an element ``row`` it calls ``open_row`` with the attributes, and ``close_row``, if the subclass has these
    methods; a hyphen in a name becomes an underscore. Text between calls of ``collect`` and ``collected`` is
    collected. ``prefixes`` are the namespace prefixes that are declared around the current element.
    """

    def __init__(self, tags: Iterable[str], namespaces: Iterable[str] = _NAMESPACES) -> None:
        named = [(f"{namespace} {tag}", tag.replace("-", "_")) for namespace in namespaces for tag in tags]
        self._openers = {name: opener for name, tag in named if (opener := getattr(self, f"open_{tag}", None))}
        self._closers = {name: closer for name, tag in named if (closer := getattr(self, f"close_{tag}", None))}
        self._depth = 0
        self._texts: list[str] | None = None
        self._size = 0
        self.parser: expat.XMLParserType | None = None
        self.prefixes: set[str] = set()
        self.is_utf8 = True
        self.item_end = -1

    def attach(self, parser: expat.XMLParserType) -> None:
        """Let the parser call this handler for its events."""
        self.parser = parser
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.text
        parser.StartNamespaceDeclHandler = lambda prefix, _: self.prefixes.add(prefix or "")
        parser.EndNamespaceDeclHandler = lambda prefix: self.prefixes.discard(prefix or "")
        parser.XmlDeclHandler = self._declare

    def mark_item_end(self) -> None:
        """Keep the place of the current tag, in bytes, as ``item_end``; see ``without_plain_items``."""
        if self.parser is not None:
            self.item_end = self.parser.CurrentByteIndex

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the parser's event for the start of an element; raise ``XmlError`` for too deep nesting."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise XmlError("elements are nested too deeply")
        if opener := self._openers.get(name):
            opener(attributes)

    def end(self, name: str) -> None:
        """Handle the end of an element; ``name`` is its namespace and its local name, separated by a space."""
        self._depth -= 1
        if closer := self._closers.get(name):
            closer()

    def text(self, data: str) -> None:
        """Handle the parser's event for text; a collected text is cut off beyond ``_LONGEST_TEXT``."""
        if self._texts is not None and self._size < _LONGEST_TEXT:
            self._texts.append(data)
            self._size += len(data)

    def collect(self) -> None:
        """Start collecting text."""
        self._texts, self._size = [], 0

    def collected(self) -> str:
        """Stop collecting, and return the collected text."""
        texts, self._texts = self._texts, None
        return "".join(texts or ())

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.is_utf8 = (encoding or "utf-8").lower() == "utf-8"


def parsed(pieces: Iterable[bytes], handler: PartHandler) -> Iterator[None]:
    """Parse a part, and yield after each piece, so that the caller can take what ``handler`` has collected.

    Raise ``XmlError`` when the part is not well-formed, has a document type, or would take too much memory.
    """
    names: dict[str, str] = {}
    parser = expat.ParserCreate(None, " ", names)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    handler.attach(parser)
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            parser.Parse(piece, False)  # noqa: FBT003 - it takes no keywords
            if size - parser.CurrentByteIndex > _LONGEST_TOKEN or len(names) > _MOST_NAMES:
                raise XmlError("a tag is too long, or there are too many of them")
            yield
        parser.Parse(b"", True)  # noqa: FBT003 - it takes no keywords
        yield
    except expat.ExpatError as error:
        raise XmlError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error


def _refuse_document_type(*_: object) -> None:
    raise XmlError("it has a document type, which may stand for anything")
