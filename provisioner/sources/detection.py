"""How an input is to be read, decided from its first bytes; what the user says wins."""

import re
from collections.abc import Iterator
from itertools import groupby

import msgspec

from provisioner.errors import InputError

WORKBOOK = "xlsx"
"""The name of the format of Excel workbooks, and the suffix of their files."""
_ZIP = b"PK\x03\x04"


def is_zip(head: bytes) -> bool:
    """Say whether a file that starts so is a zip archive, which workbooks are."""
    return head.startswith(_ZIP)


class Detected(msgspec.Struct, frozen=True):
    """One thing found out about an input, and the reason in a few words.

    What is a guess has to be confirmed by somebody before anything is sent.
    """

    value: str
    reason: str
    is_guess: bool = False


class SkippedLine(msgspec.Struct, frozen=True):
    """A record that is no row: the line it starts on, and what it is in a word or two."""

    line: int
    what: str


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How an input is read. ``bom`` is ``yes`` or ``no``; ``delimiter`` is empty for JSON.

    ``note`` says what of the input is left unread, in a sentence; empty where nothing is.
    """

    format: Detected
    compression: Detected
    encoding: Detected
    bom: Detected
    mark: bytes = b""
    delimiter: Detected = Detected("", "JSON has none")
    sheet: Detected = Detected("", "only a workbook has sheets")
    line_ends: Detected = Detected("", "only delimited text is cut at them")
    skipped: tuple[SkippedLine, ...] = ()
    note: str = ""

    def notes(self) -> Iterator[str]:
        """Say what somebody has to look at before anything is sent."""
        if self.encoding.is_guess:
            yield f"the encoding {self.encoding.value} is {self.encoding.reason}"
        if self.skipped:
            yield f"skipped, being no rows: {', '.join(self._skipped_places())}"
        if self.note:
            yield self.note

    def _skipped_places(self) -> Iterator[str]:
        for what, group in groupby(self.skipped, lambda each: each.what):
            lines = [each.line for each in group]
            yield f"line {lines[0]} ({what})" if len(lines) == 1 else f"lines {lines[0]}-{lines[-1]} ({what})"

    def findings(self) -> Iterator[tuple[str, Detected]]:
        """Name what was found, in the order it was decided."""
        for name in ("compression", "encoding", "bom", "format", "delimiter", "line_ends", "sheet"):
            finding: Detected = getattr(self, name)
            if finding.value:
                yield name, finding


class _UnsupportedFormat(msgspec.Struct, frozen=True):
    """A kind of file that holds no records of ours, told by how it starts."""

    start: re.Pattern[bytes]
    what: str
    cure: str


_UNSUPPORTED_FORMATS = (
    _UnsupportedFormat(
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "an old Excel workbook (.xls), or one with a password, not text",
        "open it in the spreadsheet program and save it as CSV UTF-8",
    ),
    _UnsupportedFormat(
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:html|!doctype|table|head|body|meta|style|\?xml)\b", re.IGNORECASE),
        "a page of HTML or XML, whatever its name says",
        "export it as CSV, or open it in a spreadsheet program and save it as CSV UTF-8",
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


def reject_unsupported(head: bytes, name: str) -> None:
    """Raise ``InputError`` for known kinds of files that exports are mistaken for."""
    for stranger in _UNSUPPORTED_FORMATS:
        if stranger.start.match(head):
            raise InputError(f"is {stranger.what}", source=name, cure=stranger.cure)
