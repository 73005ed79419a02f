"""Folders of embedded servers: recognition by the names of their files."""

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
