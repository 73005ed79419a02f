"""Folders of embedded servers: recognition by the names of their files."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

SERVER_LOCK = "server.lock"
"""File that the process of the running server holds locked."""
USERS_LOCK = "in-use.lock"
"""File that each process that uses the server holds locked, shared with the others."""


def is_server_folder(folder: Path) -> bool:
    """Return whether a folder is that of an embedded server."""
    try:
        return folder.joinpath(SERVER_LOCK).is_file()
    except (OSError, ValueError):  # without access, or no name of a file; opening it reports the error
        return False


def find_server_folders(folders: Iterable[Path], most: int = 20) -> Sequence[Path]:
    """Return the folders of embedded servers in these folders, at most ``most``, the one that was used last first.

    They are named ``*.ledger``. A folder that cannot be read is skipped.
    """
    used: dict[Path, float] = {}
    for folder in folders:
        try:
            found = {
                each: each.stat().st_mtime for each in islice(folder.glob("*.ledger"), 10_000) if each.is_dir()
            }
        except OSError:
            continue
        used.update((each, at) for each, at in found.items() if is_server_folder(each))
    return sorted(used, key=lambda each: used[each], reverse=True)[:most]
