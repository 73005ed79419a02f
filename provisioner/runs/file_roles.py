"""Which files a command reads, keeps and writes, and that no two of these are one file."""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from provisioner.errors import UsageError

STREAM = Path("-")
"""Stands for stdin where it is read, and for stdout where it is written."""


class Use(StrEnum):
    """What a command does with a file."""

    READ = "read"
    """It reads it, and needs it as it is."""
    KEPT = "kept"
    """It changes it in place and needs it again: a ledger, and what belongs to one."""
    WRITTEN = "written"
    """It makes it, or replaces what is there."""


@dataclass(frozen=True, slots=True)
class FileRole:
    """One file of a command: ``name`` is how the user knows it ("--map"), ``what`` what it is ("an input")."""

    use: Use
    name: str
    what: str
    path: Path


class FileRoles:
    """All files that one command reads, keeps and writes."""

    def __init__(self, roles: Iterable[FileRole]) -> None:
        self._roles: Sequence[FileRole] = tuple(roles)

    def require_distinct(self) -> None:
        """Raise ``UsageError`` when what is written or kept is the same file as anything else.

        Files are compared by device and inode, so that links and other spellings make no difference; a name that
        is not there yet by its folder and its last part. What is no file, such as a pipe, is not compared. Nothing
        is opened.
        """
        seen: dict[object, list[FileRole]] = {}
        for role in self._roles:
            if (identity := _identity(role)) is not None:
                seen.setdefault(identity, []).append(role)
        for same in seen.values():
            _require_harmless(same)


def _require_harmless(same: Sequence[FileRole]) -> None:
    """Refuse roles of one file unless all of them only read it."""
    first = max(same, key=lambda role: (role.use is Use.WRITTEN, role.use is Use.KEPT))
    if first.use is Use.READ or len(same) == 1:
        return
    other = next(role for role in same if role is not first)
    if other.use is Use.WRITTEN:
        message = f"{first.name} and {other.name} name the same file, {first.path}"
    else:
        spelt = "" if first.path == other.path else f" {other.path}"
        message = f"{first.name} {first.path} is {other.what}{spelt}, and writing would replace it"
    raise UsageError(message, cure="give each file a name of its own")


def _identity(role: FileRole) -> object:
    """Return what two names of one file have in common, None for what is no file."""
    try:
        status = _status(role)
    except ValueError:  # no name of a file; whoever opens it says so
        return None
    except OSError:
        return _place(role.path)
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _status(role: FileRole) -> os.stat_result:
    if role.path != STREAM:
        return role.path.stat()
    return os.fstat(0 if role.use is Use.READ else 1)


def _place(path: Path) -> object:
    """Return where a file would be made: the folder's identity, and the name in it."""
    if path == STREAM:
        return None
    real = Path(os.path.realpath(path))
    try:
        folder = real.parent.stat()
    except OSError:
        return real
    return folder.st_dev, folder.st_ino, real.name
