"""How an input is to be read, decided from its first bytes; what the user says wins."""

import codecs
import re
from collections.abc import Iterator

import msgspec

from provisioner.errors import InputError, UsageError

from .json_forms import recognised
from .text import BOM


class Finding(msgspec.Struct, frozen=True):
    """One thing found out about an input, and the reason in a few words."""

    value: str
    reason: str


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How an input is read. ``bom`` is ``yes`` or ``no``; ``delimiter`` is empty for JSON.

    ``note`` says what of the input is left unread, in a sentence; empty where nothing is.
    """

    format: Finding
    compression: Finding
    encoding: Finding
    bom: Finding
    delimiter: Finding = Finding("", "JSON has none")
    sheet: Finding = Finding("", "only a workbook has sheets")
    note: str = ""

    @property
    def has_bom(self) -> bool:
        """Whether the text starts with a byte order mark."""
        return self.bom.value == "yes"

    def findings(self) -> Iterator[tuple[str, Finding]]:
        """Name what was found, in the order it was decided."""
        for name in ("compression", "encoding", "bom", "format", "delimiter", "sheet"):
            finding: Finding = getattr(self, name)
            if finding.value:
                yield name, finding


class _Binary(msgspec.Struct, frozen=True):
    magic: re.Pattern[bytes]
    what: str
    cure: str


_SAVE_AS_CSV = "open it in the spreadsheet program and save it as CSV UTF-8"
_BINARIES = (
    _Binary(
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "an old Excel workbook (.xls), or one with a password",
        _SAVE_AS_CSV,
    ),
)

_BOM_ENCODINGS = ("utf-32-le", "utf-32-be", "utf-8", "utf-16-le", "utf-16-be")
"""UTF-32 first: its little-endian mark starts with the one of UTF-16."""

_UNMARKED = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Encodings that leave the byte order to the mark, and what they mean without one."""

_JSON_NAME = re.compile(r"\.(?:jsonl|ndjson|json)(?:\.(?:gz|bz2|xz|zst))?$", re.IGNORECASE)


def refuse_binary(head: bytes, name: str) -> None:
    """Raise ``InputError`` for known kinds of files that hold no text."""
    for binary in _BINARIES:
        if binary.magic.match(head):
            raise InputError(f"is {binary.what}, not text", source=name, cure=binary.cure)


def find_encoding(head: bytes, override: str, name: str) -> tuple[Finding, Finding]:
    """Decide the encoding, in a spelling that says the byte order, and whether a byte order mark stands.

    An encoding that contradicts the mark raises ``InputError``: it could only mangle names.
    """
    marked = next((known for known in _BOM_ENCODINGS if head.startswith(BOM.encode(known))), "")
    if override:
        return _overridden(head, _canonical(override), marked, name)
    if marked:
        return Finding(marked, "byte order mark"), Finding("yes", f"starts with the mark of {marked}")
    if b"\0" in head:
        raise InputError(
            f"is binary, or UTF-16 without a byte order mark: NUL at byte offset {head.index(0)}",
            source=name,
            cure="save it as UTF-8 text, or name its encoding, e.g. --encoding utf-16-le",
        )
    return Finding("utf-8", "no byte order mark, so UTF-8 to the letter"), Finding("no", "none at the start")


def _overridden(head: bytes, encoding: str, marked: str, name: str) -> tuple[Finding, Finding]:
    if encoding in _UNMARKED:
        family = encoding.removesuffix("-sig")
        encoding = marked if marked.startswith(family) else _UNMARKED[encoding]
    if marked not in ("", encoding):
        raise InputError(
            f"starts with the byte order mark of {marked}, which contradicts --encoding {encoding}",
            source=name,
            cure="leave --encoding out",
        )
    mark = BOM.encode(encoding, errors="ignore")
    has_bom = mark != b"" and head.startswith(mark)
    bom = Finding("yes", "starts with the mark") if has_bom else Finding("no", "none at the start")
    return Finding(encoding, "--encoding"), bom


def _canonical(encoding: str) -> str:
    """Spell an encoding as Python does; anything but a text encoding raises ``UsageError``."""
    try:
        b"\xff".decode(encoding, errors="replace")
        codecs.getincrementaldecoder(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, UnicodeError, ValueError) as error:
        raise UsageError(
            f"--encoding {encoding!r} is not a text encoding", cure="name one, e.g. utf-8, utf-16 or cp1252"
        ) from error


def find_format(text: str, override: str, name: str) -> Finding:
    """Decide between ``csv``, ``jsonl`` and ``json`` (one document) by how the text starts, then by the name."""
    if override:
        return Finding(override, "--input-format")
    if form := recognised(text):
        return Finding(form.format, form.reason)
    if _JSON_NAME.search(name):
        return Finding("json" if text.lstrip().startswith("[") else "jsonl", "by its name")
    return Finding("csv", "does not start like JSON")
