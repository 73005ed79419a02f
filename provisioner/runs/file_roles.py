"""Roles of a command's files, and the checks that no file has two of them and that no foreign file is replaced."""

import os
import stat
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from provisioner.errors import UsageError
from provisioner.results.recognition import OutputKind, describe_file, output_kind
from provisioner.sources.files.objects import downloaded, object_address, shown_output

STREAM = Path("-")
"""Path that stands for stdin when it is read, and for stdout when it is written."""


class Use(StrEnum):
    """Use of a file by a command."""

    READ = "read"
    """The command reads the file and does not change it."""
    KEPT = "kept"
    """The command changes the file in place: a ledger, or a file that belongs to one."""
    WRITTEN = "written"
    """The command creates the file, or replaces an existing one."""


class FileRole(msgspec.Struct, frozen=True):
    """One file of a command: ``name`` is its flag or name in messages ("--map"), ``what`` its kind ("an input").

    ``path`` is the path as given; it does not have to exist. ``kind`` is the kind of output of a file that is
    written whole, None for every other file.
    """

    use: Use
    name: str
    what: str
    path: Path
    kind: OutputKind | None = None


class FileRoles:
    """All files of one command, with their roles."""

    def __init__(self, roles: Iterable[FileRole]) -> None:
        self._roles: Sequence[FileRole] = tuple(roles)

    def require_distinct(self) -> None:
        """Raise ``UsageError`` when a file that is written or changed also has another role.

        Existing files are compared by device and inode, so links and different spellings are detected. A file that
        does not exist yet is compared by its folder and its name. Pipes and devices are not compared. No file is
        opened.
        """
        seen: dict[object, list[FileRole]] = {}
        for role in self._roles:
            if (identity := _identity(role)) is not None:
                seen.setdefault(identity, []).append(role)
        for same in seen.values():
            _require_harmless(same)

    def require_replaceable(self, *, overwrite: bool) -> None:
        """Raise ``UsageError`` when a file would be replaced that this program did not write for the same purpose.

        With ``overwrite``, none is looked at. Empty files and what is no regular file may be anybody's.
        """
        for role in () if overwrite else self._roles:
            if role.kind is not None and _has_bytes(role):
                _require_of_kind(role, role.kind)


def is_same_file(one: Path, other: Path) -> bool:
    """Return whether two paths name the same file; a file that does not exist is compared by its resolved path."""
    if one == other:
        return True
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)
    except ValueError:  # not a valid file name; opening it reports the error
        return False


def _has_bytes(role: FileRole) -> bool:
    if role.path == STREAM:
        return False
    if object_address(role.path):
        return True
    try:
        str(role.path).encode()
        status = role.path.stat()
    except (OSError, ValueError):  # nothing is there, or whoever writes it says what is wrong
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _require_of_kind(role: FileRole, kind: OutputKind) -> None:
    with downloaded(role.path) as found:
        if found is None:
            return
        try:
            is_ours = output_kind(found) is kind
        except OSError:
            is_ours = False
        if not is_ours:
            raise UsageError(
                f"{role.name} {shown_output(role.path)} would replace {describe_file(found)}, which is not {kind}",
                cure="choose another name, or add --overwrite to replace that file",
            )


def _require_harmless(same: Sequence[FileRole]) -> None:
    """Raise ``UsageError`` when one file has several roles and one of them is not ``Use.READ``."""
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
    """Return a value that is equal for two names of the same file; None for anything but a regular file."""
    try:
        status = _status(role)
    except ValueError:  # not a valid file name; opening it reports the error
        return None
    except OSError:
        return _place(role.path)
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _status(role: FileRole) -> os.stat_result:
    if role.path != STREAM:
        return role.path.stat()
    return os.fstat(0 if role.use is Use.READ else 1)


def _place(path: Path) -> object:
    """Return the identity of a file that does not exist yet: device and inode of its folder, and its name."""
    if path == STREAM:
        return None
    real = Path(os.path.realpath(path))
    try:
        folder = real.parent.stat()
    except OSError:
        return real
    return folder.st_dev, folder.st_ino, real.name
