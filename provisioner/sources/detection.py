"""Detection of how an input is to be read, with the reasons; and files of unsupported formats."""

import re
from collections.abc import Iterator

import msgspec

from provisioner.errors import InputError

WORKBOOK = "xlsx"
"""Name of the Excel workbook format, and suffix of its files without the dot."""
WORKBOOKS = (WORKBOOK, "ods")
"""Names of the formats with sheets; their rows are written back as an Excel workbook."""
PARQUET = "parquet"
"""Name of the Parquet format, and suffix of its files without the dot."""
_ZIP = b"PK\x03\x04"


def is_zip(head: bytes) -> bool:
    """Return whether a file that starts with ``head`` is a zip archive, as a workbook is."""
    return head.startswith(_ZIP)


def is_parquet(head: bytes) -> bool:
    """Return whether a file that starts with ``head`` is a Parquet file, also an encrypted one."""
    return head.startswith((b"PAR1", b"PARE"))


class Detected(msgspec.Struct, frozen=True):
    """One detected property of an input, with the reason in a few words.

    With ``is_guess`` the user has to confirm it before anything is sent.
    """

    value: str
    reason: str
    is_guess: bool = False


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """All detected properties of an input; a property that its format does not have has an empty value.

    ``bom`` is ``yes`` or ``no``, and ``mark`` holds the bytes of the byte order marks. ``note`` is a sentence
    about the parts of the input that are not read; empty if all are.
    """

    format: Detected
    compression: Detected
    encoding: Detected
    bom: Detected
    mark: bytes = b""
    delimiter: Detected = Detected("", "JSON has none")
    quoting: Detected = Detected("", "the standard's")
    sheet: Detected = Detected("", "only a workbook has sheets")
    hidden_rows: Detected = Detected("", "only a workbook hides rows")
    line_ends: Detected = Detected("", "only delimited text is cut at them")
    note: str = ""

    def notes(self) -> Iterator[str]:
        """Yield what the user has to check before anything is sent, one sentence each."""
        if self.encoding.is_guess:
            yield f"the encoding {self.encoding.value} is {self.encoding.reason}"
        if self.quoting.value:
            yield self.quoting.reason
        if self.note:
            yield self.note

    def findings(self) -> Iterator[tuple[str, Detected]]:
        """Yield (name, detected property) for all properties with a value, in the order of detection."""
        names = "compression encoding bom format delimiter quoting line_ends sheet hidden_rows"
        for name in names.split():
            finding: Detected = getattr(self, name)
            if finding.value:
                yield name, finding


class _UnsupportedFormat(msgspec.Struct, frozen=True):
    """File format that is not supported, with the pattern of its first bytes."""

    start: re.Pattern[bytes]
    what: str
    cure: str


_UNSUPPORTED_FORMATS = (
    _UnsupportedFormat(
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "an old Excel workbook (.xls), or one with a password, not text",
        "open it in the spreadsheet program and save it as .xlsx without a password, or as CSV UTF-8",
    ),
    _UnsupportedFormat(
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:html|!doctype|table|head|body|meta|style|\?xml)\b", re.IGNORECASE),
        "a page of HTML or XML, whatever its name says",
        "export it as CSV, or open it in a spreadsheet program and save it as CSV UTF-8",
    ),
    _UnsupportedFormat(
        re.compile("(?:\ufeff)?\\s*(?:\\+[-=]{2,}\\+|(?:┌|╭|┏|╔)(?:─|━|═))".encode()),
        "a table drawn with lines, as programs show it to people",
        "let the program write CSV (psql --csv, sqlite3 -csv -header) or tabs (mysql --batch)",
    ),
    _UnsupportedFormat(re.compile(rb"%PDF-"), "a PDF document", "export it as CSV"),
    *(
        _UnsupportedFormat(re.compile(start), f"{what}, which is not read", "unpack it first")
        for start, what in (
            (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
            (rb"Rar!\x1a\x07", "a RAR archive"),
            (rb"\x1f[\x9d\xa0]", "a file compressed with compress (.Z)"),
            (rb"\x5d\x00\x00[\x01-\xff][\x00-\x1f]", "a file compressed with LZMA alone (.lzma)"),
            (rb"LZIP\x01", "a file compressed with lzip"),
            (rb"\x04\x22\x4d\x18", "a file compressed with LZ4"),
            (rb"\xff\x06\x00\x00sNaPpY", "a file compressed with Snappy"),
        )
    ),
)


class EmptyInputError(InputError):
    """Raised when an input holds nothing at all, not even a header. Export it again."""

    def __init__(self, name: str) -> None:
        super().__init__("is empty", source=name, cure="export it again")


def reject_unsupported(head: bytes, name: str) -> None:
    """Raise ``InputError`` when the first bytes are those of a known format that is not supported.

    ``name`` is the name of the input.
    """
    for stranger in _UNSUPPORTED_FORMATS:
        if stranger.start.match(head):
            raise InputError(f"is {stranger.what}", source=name, cure=stranger.cure)
