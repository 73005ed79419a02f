"""Environment of the process: variables, home folder and command line."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec


def working_folder() -> str:
    """Return the absolute path of the working folder, empty if it was removed or may not be read."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


class ProcessEnvironment(msgspec.Struct, frozen=True):
    """Environment in which a command was started.

    ``environ`` are the environment variables. ``home`` is the user's home folder, None if there is none.
    ``command`` is the command line that would start the process again. ``moment`` is the start time with the local
    time zone; file names that contain a date use it. ``folder`` is the working folder, empty if it is gone.
    ``typed`` are the names of the options that the command line or the call gives, ``configured`` those that a
    configuration file sets.
    """

    environ: Mapping[str, str]
    home: Path | None
    command: str
    moment: datetime = msgspec.field(default_factory=lambda: datetime.now().astimezone())
    folder: str = msgspec.field(default_factory=working_folder)
    typed: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()


def user_home() -> Path | None:
    """Return the user's home folder; None if HOME is not set and the user has no account on this machine."""
    try:
        return Path.home()
    except RuntimeError:
        return None
