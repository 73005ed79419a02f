"""Search for the ledgers of an input in folders, by the content of the files and without opening databases."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from provisioner.ledger.sqlite.create_file import SQLITE_MAGIC
from provisioner.ledger.sqlite.database import APPLICATION_ID
from provisioner.ledger.sqlite.wal import has_wal
from provisioner.system.regular_files import open_regular

MOST_FILES = 200
"""Files that are read; with 128 KiB of each, this takes about 10 ms."""
MOST_NAMES = 20_000
"""Names of a folder that are read; this takes about 20 ms."""
_HEAD_SIZE = 128 * 1024
"""Bytes at the start of a ledger, among which is its table ``sources``: it is one of the first pages."""
_ENDING = ".ledger"
_ID_PLACE = 68
"""Where a database holds its application ID, big-endian. Source: https://www.sqlite.org/fileformat.html."""
_ID_SIZE = 4


def find_ledgers(folders: Iterable[Path], sha256: Sequence[str]) -> Iterator[Path]:
    """Yield the ledgers in these folders that may have planned an input with one of these digests.

    Files named ``*.ledger`` come first, the one that was changed last first of all. The search ends after
    ``MOST_FILES`` files. A file or a folder that cannot be read is skipped.
    """
    found: dict[str, os.DirEntry[str]] = {}
    for folder in folders:
        for each in _files_in(folder):
            found.setdefault(os.path.realpath(each.path), each)
    digests = [each.encode() for each in sha256]
    for real in islice(sorted(found, key=lambda path: _rank(found[path])), MOST_FILES):
        path = Path(found[real].path)
        head = _head_of(path)
        if _is_ledger(head) and (any(each in head for each in digests) or has_wal(path)):
            yield path


def _files_in(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MOST_NAMES):
                if entry.is_file():
                    yield entry
    except OSError:
        return


def _rank(entry: "os.DirEntry[str]") -> tuple[bool, float, str]:
    if not entry.name.endswith(_ENDING):
        return True, 0, entry.name
    try:
        return False, -entry.stat().st_mtime, entry.name
    except OSError:
        return True, 0, entry.name


def _head_of(path: Path) -> bytes:
    """Return the start of a file; of a file that is not a database only the first 16 bytes are read."""
    try:
        with os.fdopen(open_regular(path), "rb", buffering=0) as stream:
            head = stream.read(len(SQLITE_MAGIC)) or b""
            return head + (stream.read(_HEAD_SIZE) or b"") if head == SQLITE_MAGIC else head
    except OSError:
        return b""


def _is_ledger(head: bytes) -> bool:
    mark = head[_ID_PLACE : _ID_PLACE + _ID_SIZE]
    return head.startswith(SQLITE_MAGIC) and mark == APPLICATION_ID.to_bytes(_ID_SIZE, "big")
