"""Opening of files that the user has named: without blocking, and only regular files.

Opening a named pipe blocks until its other end is opened, possibly for ever, and a device may return any data. The
caller can allow a few kinds of streams that a user may name on purpose.
"""

import errno
import os
import stat
from contextlib import suppress
from enum import Flag, auto
from pathlib import Path

_DESCRIPTORS = ("/proc/", "/dev/fd/")
"""Folders to which ``/dev/stdin``, ``/dev/fd/3`` and the shell's ``<(…)`` resolve if they are not files."""
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


class Streams(Flag):
    """Kinds of streams that may be opened in addition to regular files."""

    NONE = 0
    """Regular files only."""
    INHERITED = auto()
    """A pipe that this process was started with: ``<(…)``, ``>(…)``, ``/dev/stdin``, ``/dev/fd/3``."""
    NULL = auto()
    """``/dev/null``."""
    TERMINAL = auto()
    """A terminal that this process was started on, or ``/dev/tty``."""
    NAMED_PIPE = auto()
    """A named pipe; it is opened without waiting until its other end is opened."""


def open_regular(
    path: str | Path, flags: int = os.O_RDONLY, *, mode: int = 0o600, streams: Streams = Streams.NONE
) -> int:
    """Open a regular file, or one of ``streams``, and return its file descriptor in blocking mode.

    ``flags`` and ``mode`` are those of ``os.open``; ``O_CLOEXEC``, ``O_NOCTTY`` and ``O_NONBLOCK`` are added.
    Raise ``OSError`` when the file cannot be opened or is of another kind; ``strerror`` then names the kind.
    """
    try:
        status = Path(path).stat(follow_symlinks=not flags & os.O_NOFOLLOW)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    else:
        if not stat.S_ISLNK(status.st_mode):  # with O_NOFOLLOW, os.open raises the error for a link
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
    """Return all bytes of a regular file or of one of ``streams``; raise ``OSError`` as ``open_regular`` does."""
    with os.fdopen(open_regular(path, streams=streams), "rb") as file:
        return file.read()


def is_named_pipe(path: str | Path) -> bool:
    """Return whether ``path`` is a named pipe, and not a pipe that this process has inherited."""
    return Path(path).is_fifo() and not _is_descriptor(path)


def refusal_of(path: str | Path) -> str:
    """Return why ``path`` is not usable, such as "it is a device, not a regular file".

    Return an empty text if ``path`` is a regular file or does not exist.
    """
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
    """Return the device numbers of this process's terminals, without opening them, which may have side effects."""
    found = {os.fstat(descriptor).st_rdev for descriptor in (0, 1, 2) if os.isatty(descriptor)}
    with suppress(OSError):
        found.add(Path("/dev/tty").stat().st_rdev)
    return found


def _text_of(status: os.stat_result) -> str:
    return f"it is {_KINDS.get(stat.S_IFMT(status.st_mode), 'something else')}, not a regular file"
