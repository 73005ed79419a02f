"""One XML part of a workbook, read as a stream: no tree is built, and nothing in it can fill the memory."""

from collections.abc import Iterable, Iterator
from xml.parsers import expat  # nosec - document types, and with them entities, are refused

_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
    "http://schemas.openxmlformats.org/package/2006/content-types",
)
"""Of ISO 29500, transitional and strict, and of the parts that tell of other parts."""

_DEEPEST = 100
"""Most elements inside each other."""
_MOST_NAMES = 10_000
"""Most names of elements and attributes, of which the parser keeps each."""
_LONGEST_TOKEN = 1024**2
"""Most bytes of one tag or comment, which the parser keeps until it ends."""
_LONGEST_TEXT = 7 * 32_768
"""Most characters of a text to keep: a cell holds 32,767, and each of them may be written with 7 (``_x000D_``)."""


class XmlError(ValueError):
    """A part is no XML, or none that a program for spreadsheets writes."""


class PartHandler:
    """Is called for the elements of a part. ``tags`` are the local names of those that matter.

    For the element ``row`` that is ``open_row``, with its attributes, and ``close_row``, as far as there are such
    methods. Text is collected from ``collect`` to ``collected``.
    """

    def __init__(self, tags: Iterable[str]) -> None:
        named = [(f"{namespace} {tag}", tag) for namespace in _NAMESPACES for tag in tags]
        self._openers = {name: opener for name, tag in named if (opener := getattr(self, f"open_{tag}", None))}
        self._closers = {name: closer for name, tag in named if (closer := getattr(self, f"close_{tag}", None))}
        self._depth = 0
        self._texts: list[str] | None = None
        self._size = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of any element, from the parser."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise XmlError("elements are nested too deeply")
        if opener := self._openers.get(name):
            opener(attributes)

    def end(self, name: str) -> None:
        """Handle the parser's event for the end of an element."""
        self._depth -= 1
        if closer := self._closers.get(name):
            closer()

    def text(self, data: str) -> None:
        """Take text, from the parser; of one that is too long for a cell, only a part that is too long as well."""
        if self._texts is not None and self._size < _LONGEST_TEXT:
            self._texts.append(data)
            self._size += len(data)

    def collect(self) -> None:
        """Begin to collect text."""
        self._texts, self._size = [], 0

    def collected(self) -> str:
        """End collecting, and return the text."""
        texts, self._texts = self._texts, None
        return "".join(texts or ())


def parsed(pieces: Iterable[bytes], handler: PartHandler) -> Iterator[None]:
    """Parse a part piece by piece; after each of them its caller may take what the handler has gathered.

    Raise ``XmlError`` for what is not well-formed, for document types, and for what would take too much memory.
    """
    names: dict[str, str] = {}
    parser = expat.ParserCreate(None, " ", names)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.CharacterDataHandler = handler.text
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            parser.Parse(piece, False)  # noqa: FBT003 - it takes no names
            if size - parser.CurrentByteIndex > _LONGEST_TOKEN or len(names) > _MOST_NAMES:
                raise XmlError("a tag is too long, or there are too many of them")
            yield
        parser.Parse(b"", True)  # noqa: FBT003 - it takes no names
        yield
    except expat.ExpatError as error:
        raise XmlError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error


def _refuse_document_type(*_: object) -> None:
    raise XmlError("it has a document type, which may stand for anything")
