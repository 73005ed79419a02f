"""Opens a file by a name that the user gave: never waits, and takes nothing but a regular file.

Opening a named pipe waits for its other end, for ever if there is none, and a device may answer anything. The
few streams that a command line may name on purpose are allowed where the caller says so.
"""

import errno
import os
import stat
from contextlib import suppress
from enum import Flag, auto
from pathlib import Path

_DESCRIPTORS = ("/proc/", "/dev/fd/")
"""Where ``/dev/stdin``, ``/dev/fd/3`` and the shell's ``<(…)`` lead to when they are not files."""
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


class Streams(Flag):
    """What may be opened besides a regular file."""

    NONE = 0
    INHERITED = auto()
    """A pipe that this process was started with: ``<(…)``, ``>(…)``, ``/dev/stdin``, ``/dev/fd/3``."""
    NULL = auto()
    """``/dev/null``."""
    TERMINAL = auto()
    """A terminal that this process was started on, or ``/dev/tty``."""
    NAMED_PIPE = auto()
    """A named pipe; it is opened without waiting for its other end."""


def open_regular(
    path: str | Path, flags: int = os.O_RDONLY, *, mode: int = 0o600, streams: Streams = Streams.NONE
) -> int:
    """Open a regular file, or one of ``streams``, and return its descriptor, which reads and writes may block on.

    ``flags`` are those of ``os.open``; ``O_CLOEXEC``, ``O_NOCTTY`` and ``O_NONBLOCK`` are added. Raise ``OSError``
    when the file cannot be opened; its ``strerror`` says what is there where that is not a regular file.
    """
    try:
        status = Path(path).stat(follow_symlinks=not flags & os.O_NOFOLLOW)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    else:
        if not stat.S_ISLNK(status.st_mode):  # opening a link with O_NOFOLLOW says what it is
            _require_allowed(path, status, streams)
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK, mode)
    try:
        _require_allowed(path, os.fstat(descriptor), streams)
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(path: str | Path, *, streams: Streams = Streams.NONE) -> bytes:
    """Return the bytes of a regular file, or of one of ``streams``; raise ``OSError`` as ``open_regular`` does."""
    with os.fdopen(open_regular(path, streams=streams), "rb") as file:
        return file.read()


def is_named_pipe(path: str | Path) -> bool:
    """Say whether ``path`` is a pipe with a name of its own, not one that this process was started with."""
    return Path(path).is_fifo() and not _is_descriptor(path)


def refusal_of(path: str | Path) -> str:
    """Say what is at ``path`` where that is neither a regular file nor nothing; empty when all is well."""
    try:
        status = Path(path).stat()
    except OSError:
        return ""
    return "" if stat.S_ISREG(status.st_mode) else _text_of(status)


def _require_allowed(path: str | Path, status: os.stat_result, streams: Streams) -> None:
    if stat.S_ISREG(status.st_mode) or _is_stream(path, status, streams):
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, _text_of(status), str(path))


def _is_stream(path: str | Path, status: os.stat_result, streams: Streams) -> bool:
    if stat.S_ISFIFO(status.st_mode):
        return bool(streams & (Streams.INHERITED if _is_descriptor(path) else Streams.NAMED_PIPE))
    if not stat.S_ISCHR(status.st_mode):
        return False
    if Streams.NULL in streams and status.st_rdev == Path(os.devnull).stat().st_rdev:
        return True
    return Streams.TERMINAL in streams and status.st_rdev in _own_terminals()


def _is_descriptor(path: str | Path) -> bool:
    return os.path.realpath(path).startswith(_DESCRIPTORS)


def _own_terminals() -> set[int]:
    """Return the devices of the terminals that this process was started on; opening one to see has effects."""
    found = {os.fstat(descriptor).st_rdev for descriptor in (0, 1, 2) if os.isatty(descriptor)}
    with suppress(OSError):
        found.add(Path("/dev/tty").stat().st_rdev)
    return found


def _text_of(status: os.stat_result) -> str:
    return f"it is {_KINDS.get(stat.S_IFMT(status.st_mode), 'something else')}, not a regular file"
