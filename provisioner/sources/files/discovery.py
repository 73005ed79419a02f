"""Resolution of the names on the command line to inputs: files, globs, addresses, pipes and stdin."""

import glob
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from provisioner.errors import InputError
from provisioner.system.patterns import late_pattern

from .pipes import open_pipe
from .raw_input import RawInput, stored_file, unreadable
from .remote import RemoteObject, find_remote, is_remote, local_name
from .spool import spooled

STDIN = "-"
"""Name that stands for stdin."""
_GLOB = late_pattern(r"[*?\[]")


def resolve_inputs(names: Sequence[str], stack: ExitStack, spool_dir: Path | None) -> Iterator[RawInput]:
    """Yield the input for each file, glob (sorted), address, pipe and ``-``, in the order given.

    Stdin, pipes and what an address names are copied to a temporary file in ``spool_dir``, which is deleted when
    ``stack`` is closed.
    Raise ``InputError`` when an input does not exist, cannot be read, or is named twice.
    """
    seen: dict[object, str] = {}
    for found in (found for given in names for found in _found(given)):
        name = found if isinstance(found, str) else found.name
        status = None if name == STDIN or isinstance(found, RemoteObject) else _status(name)
        identity = found.address if isinstance(found, RemoteObject) else status and (status.st_dev, status.st_ino)
        if identity in seen:
            raise InputError(f"is the same input as {seen[identity]}", source=name, cure="name each input once")
        seen[identity] = name
        if isinstance(found, RemoteObject):
            yield _remote(found, stack, spool_dir)
        elif status is None:
            yield _stdin(stack, spool_dir)
        else:
            yield _file(name, status.st_mode, stack, spool_dir)


def _found(given: str) -> Sequence[str | RemoteObject]:
    return find_remote(given) if is_remote(given) else expand(given)


def _remote(found: RemoteObject, stack: ExitStack, spool_dir: Path | None) -> RawInput:
    with found.opened() as stream:
        return stack.enter_context(spooled(found.name, stream, spool_dir))


def expand(name: str) -> list[str]:
    """Return the files that match a pattern, sorted.

    A name without wildcards, or of an existing file, is returned as it is, and a ``file://`` address as the name
    that it stands for. Raise ``InputError`` when the pattern matches no file.
    """
    name = local_name(name)
    with suppress(OSError):
        if not _GLOB.search(name) or Path(name).exists():
            return [name]
    found = glob.glob(name, recursive=True)  # noqa: PTH207 - Path.glob refuses absolute patterns
    files = sorted(path for path in found if not Path(path).is_dir())
    if not files:
        raise InputError("matches no file", source=name, cure="check the pattern and the folder")
    return files


def _status(name: str) -> os.stat_result:
    try:
        return Path(name).stat()
    except FileNotFoundError as error:
        raise InputError("does not exist", source=name, cure="check the name and the folder") from error
    except OSError as error:
        raise unreadable(name, error) from error
    except ValueError as error:
        raise InputError("is not the name of a file", source=name, cure="check the name") from error


def _file(name: str, mode: int, stack: ExitStack, spool_dir: Path | None) -> RawInput:
    """Return the input for a file or pipe; its name has to be UTF-8, as the ledger and the results are."""
    path = Path(name)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "has a name that is not UTF-8", source=name, cure="rename it, or work in a UTF-8 locale"
        ) from error
    if stat.S_ISDIR(mode):
        raise InputError("is a folder", source=name, cure=f"name the files in it, e.g. '{path / '*.csv'}'")
    try:
        if stat.S_ISREG(mode):
            return stored_file(name, path)
        with open_pipe(name, path) as stream:
            return stack.enter_context(spooled(name, stream, spool_dir))
    except OSError as error:
        raise unreadable(name, error) from error


def _stdin(stack: ExitStack, spool_dir: Path | None) -> RawInput:
    if sys.stdin is None:
        raise InputError("is closed", source="stdin", cure="name a file, or pipe the input in")
    return stack.enter_context(spooled(STDIN, sys.stdin.buffer, spool_dir))
