"""The zip archive that a workbook is: told from other archives, and kept from filling the memory."""

import zipfile
from typing import NamedTuple

from provisioner.errors import InputError

from .compression import NONE
from .stored import Stored, unreadable

_MAGIC = b"PK\x03\x04"
_SAVE_AS_CSV = "open it in the spreadsheet program and save it as CSV UTF-8"
_WORKBOOK = "xl/workbook.xml"
_SHARED_TEXTS = "sharedstrings.xml"

_GIB = 1024**3
_LARGEST = 8 * _GIB
"""Most bytes to unpack: a full sheet of 20 columns is below."""
_LARGEST_SHARED_TEXTS = _GIB // 2
"""Most bytes of the one part that is kept in memory."""
_HARMLESS = _GIB // 16
_STRONGEST_PACKING = 250
"""How much smaller packing makes a real sheet at most; only one made to fill a memory shrinks more."""


class _Other(NamedTuple):
    part: str
    what: str
    cure: str


_OTHERS = (
    _Other("xl/workbook.bin", "a binary Excel workbook (.xlsb)", _SAVE_AS_CSV),
    _Other("content.xml", "an OpenDocument file", _SAVE_AS_CSV),
    _Other("[Content_Types].xml", "an Office document, and no workbook", "name a workbook or a CSV file"),
    _Other("", "a zip archive", "unpack it and name the file inside"),
)


def is_zip(head: bytes) -> bool:
    """Say whether a file that starts so is a zip archive."""
    return head.startswith(_MAGIC)


def require_workbook(stored: Stored) -> None:
    """Raise ``InputError`` for an archive that is no workbook, is damaged, or would fill the memory."""
    if stored.compression() != NONE:
        raise InputError("is a zip archive, compressed once more", source=stored.name, cure="unpack it first")
    parts = _parts(stored)
    if _WORKBOOK not in parts:
        other = next(other for other in _OTHERS if other.part in (*parts, ""))
        raise InputError(f"is {other.what}, not text", source=stored.name, cure=other.cure)
    _require_bounded(parts, stored.name)


def _parts(stored: Stored) -> dict[str, zipfile.ZipInfo]:
    try:
        with stored.opened() as file, zipfile.ZipFile(file) as archive:
            return {part.filename: part for part in archive.infolist()}
    except OSError as error:
        raise unreadable(stored.name, error) from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InputError(
            "is a zip archive, or a workbook, that is cut short or damaged",
            source=stored.name,
            cure="copy or export it again",
        ) from error


def _require_bounded(parts: dict[str, zipfile.ZipInfo], name: str) -> None:
    """Believe the sizes that the archive tells: nothing reads past them."""
    size = sum(part.file_size for part in parts.values())
    packed = sum(part.compress_size for part in parts.values())
    texts = sum(part.file_size for part in parts.values() if part.filename.lower().endswith(_SHARED_TEXTS))
    if size > _LARGEST or texts > _LARGEST_SHARED_TEXTS:
        raise InputError("is too large a workbook", source=name, cure=_SAVE_AS_CSV)
    if size > _HARMLESS and size > packed * _STRONGEST_PACKING:
        raise InputError(
            f"is a workbook that unpacks to {size / _GIB:.1f} GiB, which no real one of its size does",
            source=name,
            cure=_SAVE_AS_CSV,
        )
