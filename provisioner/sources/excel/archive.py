"""Zip archive of a workbook: finds its parts by their role, and limits their size so that memory is bounded."""

import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from provisioner.errors import InputError
from provisioner.sources.files.compression import NONE
from provisioner.sources.files.raw_input import CHUNK_SIZE, RawInput, unreadable

from .xml_reader import PartHandler, XmlError, parsed

_SAVE_AS_CSV = "open it in the spreadsheet program and save it as CSV UTF-8"
_WORKBOOK = "xl/workbook.xml"
_BINARY_WORKBOOK = "xl/workbook.bin"
CONTENT = "content.xml"
"""Part of an OpenDocument file with all its sheets."""
_MIMETYPE = "mimetype"
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "meta-inf/manifest.xml"
_ENCRYPTED = b"encryption-data"
_TYPES = "[content_types].xml"

_MIB = 1024**2
_GIB = 1024**3
_LARGEST_SHEET = 8 * _GIB
"""Largest sheet part, in bytes; a full sheet of 20 columns is smaller."""
_LARGEST_SHARED_TEXTS = _GIB // 2
"""Largest part of shared strings, in bytes."""
_LARGEST_OTHER = 64 * _MIB
"""Largest size, in bytes, of any other part, such as those that list the parts."""
_HARMLESS = _GIB // 16
_STRONGEST_PACKING = 250
"""Highest compression ratio of a real sheet; a higher one indicates an archive made to exhaust memory."""
_LARGEST_DIRECTORY = 4 * _MIB
"""Largest directory of the archive, in bytes; one of 20,000 parts with long names is smaller."""
_MOST_RELATED = 20_000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Other(NamedTuple):
    part: str
    what: str
    cure: str


_OTHERS = (
    _Other(_BINARY_WORKBOOK, "a binary Excel workbook (.xlsb)", _SAVE_AS_CSV),
    _Other(CONTENT, "an OpenDocument file, and no spreadsheet", "name a spreadsheet, or save it as CSV UTF-8"),
    _Other(_TYPES, "an Office document, and no workbook", "name a workbook or a CSV file"),
    _Other("", "a zip archive", "unpack it and name the file inside"),
)


class Related(NamedTuple):
    """Relationship of a part to another: the name of the other part, and its role, such as ``worksheet``."""

    part: str
    role: str


class _RelationshipsHandler(PartHandler):
    """Handler that collects the relationships of a part, by relationship id."""

    def __init__(self, folder: str) -> None:
        super().__init__(("Relationship",))
        self._folder = folder
        self.found: dict[str, Related] = {}

    def open_Relationship(self, attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        if attributes.get("TargetMode") == "External":
            return
        part = posixpath.normpath(posixpath.join("/", self._folder, attributes["Target"])).lstrip("/")
        self.found[attributes["Id"]] = Related(part, attributes["Type"].rpartition("/")[2])
        if len(self.found) > _MOST_RELATED:
            raise XmlError("there are too many parts")


class _TypesHandler(PartHandler):
    """Handler that collects the first part of each content type; the key is its last word without ``+xml``."""

    def __init__(self) -> None:
        super().__init__(("Override",))
        self.found: dict[str, str] = {}

    def open_Override(self, attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        kind = attributes["ContentType"].removesuffix("+xml").rpartition(".")[2]
        self.found.setdefault(kind, attributes["PartName"].lstrip("/"))
        if len(self.found) > _MOST_RELATED:
            raise XmlError("there are too many parts")


class Package:
    """Open archive. Names of parts are not case-sensitive (ISO 29500, part 2)."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._parts = {part.filename.replace("\\", "/").lower(): part for part in archive.infolist()}

    def is_open_document(self) -> bool:
        """Return whether the archive is an OpenDocument spreadsheet; raise ``InputError`` for an encrypted one."""
        if CONTENT not in self._parts or not self._start(_MIMETYPE).startswith(_SPREADSHEET):
            return False
        if any(_ENCRYPTED in piece for piece in self.pieces(_MANIFEST)):
            raise InputError(
                "is a spreadsheet with a password", source=self._name, cure="save it without a password"
            )
        return True

    def _start(self, part: str) -> bytes:
        return next(self.pieces(part), b"") if part in self._parts else b""

    def related(self, part: str) -> dict[str, Related]:
        """Return the relationships of a part, by id; an empty name stands for the archive itself."""
        folder, name = posixpath.split(part)
        told_in = posixpath.join(folder, "_rels", f"{name}.rels")
        if told_in.lower() not in self._parts:
            return {}
        handler = _RelationshipsHandler(folder)
        for _ in parsed(self.pieces(told_in), handler):
            pass
        return handler.found

    def typed(self, kind: str) -> str:
        """Return the name of the first part of a content type, such as ``sharedStrings``; empty if none exists."""
        if _TYPES not in self._parts:
            return ""
        handler = _TypesHandler()
        for _ in parsed(self.pieces(_TYPES), handler):
            pass
        found = handler.found.get(kind, "")
        return found if found.lower() in self._parts else ""

    def workbook(self) -> str:
        """Return the name of the workbook part. Raise ``InputError`` when the archive is not a workbook."""
        found = next((each.part for each in self.related("").values() if each.role == "officeDocument"), _WORKBOOK)
        if found.lower() not in self._parts or found.lower().endswith(".bin"):
            raise self.is_none()
        return found

    def is_none(self) -> InputError:
        """Return the error for an archive that is not a workbook; it says what the archive is."""
        other = next(other for other in _OTHERS if other.part in (*self._parts, ""))
        return InputError(f"is {other.what}, not text", source=self._name, cure=other.cure)

    def pieces(self, part: str, role: str = "") -> Iterator[bytes]:
        """Yield the decompressed bytes of a part in pieces of 64 KiB.

        ``role`` is ``worksheet``, ``sharedStrings``, or empty for other parts, and decides the limit of the size.
        Raise ``InputError`` when the part is too large. ``zipfile`` reads no more than the size that the archive
        states.
        """
        found = self._parts[part.lower()]
        self._require_bounded(found, role)
        with self._archive.open(found) as file:
            while piece := file.read(CHUNK_SIZE):
                yield piece

    def _require_bounded(self, part: zipfile.ZipInfo, role: str) -> None:
        largest = {"worksheet": _LARGEST_SHEET, "sharedStrings": _LARGEST_SHARED_TEXTS}.get(role, _LARGEST_OTHER)
        size = part.file_size
        if size > largest:
            raise InputError("is too large a workbook", source=self._name, cure=_SAVE_AS_CSV)
        if size > _HARMLESS and size > part.compress_size * _STRONGEST_PACKING:
            raise InputError(
                f"is a workbook that unpacks to {size / _GIB:.1f} GiB, which no real one of its size does",
                source=self._name,
                cure=_SAVE_AS_CSV,
            )
        if part.compress_type not in _PACKINGS:
            raise XmlError("a part is packed in a way that workbooks have not")


class _WithSmallDirectory:
    """File that refuses to read an archive's directory, which is read in one piece, when it is too large."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, all if it is -1; raise ``BadZipFile`` for more than the largest directory."""
        if size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile("it has too many parts")
        return self._file.read(size)


@contextmanager
def opened_package(raw_input: RawInput) -> Iterator[Package]:
    """Open the zip archive of an input. Raise ``InputError`` when it is damaged or itself compressed."""
    if raw_input.compression() != NONE:
        raise InputError("is a zip archive, compressed once more", source=raw_input.name, cure="unpack it first")
    with _opened(raw_input) as archive:
        yield Package(archive, raw_input.name)


@contextmanager
def _opened(raw_input: RawInput) -> Iterator[zipfile.ZipFile]:
    try:
        file = raw_input.opened()
    except OSError as error:
        raise unreadable(raw_input.name, error) from error
    with file:
        try:
            archive = zipfile.ZipFile(cast("BinaryIO", _WithSmallDirectory(file)))
        except OSError as error:
            raise unreadable(raw_input.name, error) from error
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise InputError(
                "is a zip archive, or a workbook, that is cut short or damaged",
                source=raw_input.name,
                cure="copy or export it again",
            ) from error
        with archive:
            yield archive
