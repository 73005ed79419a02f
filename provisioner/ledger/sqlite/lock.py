"""Lock that lets one run at a time write a ledger: an advisory lock, which the kernel releases with the process.

The lock is held on a separate file, ``<ledger>.lock``. SQLite holds POSIX locks on the ledger itself, and closing
another descriptor of that file would release them. Another file of that name, such as ``poetry.lock`` beside a
ledger called ``poetry``, is refused and not changed.
"""

import errno
import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from provisioner.errors import LedgerBusyError, LedgerError
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.system.event_log import event_logger
from provisioner.system.patterns import late_pattern
from provisioner.system.regular_files import open_regular, read_regular

_PATIENCE = 5
"""Attempts before a lock counts as held, because ``is_locked`` in another process takes it for an instant."""
_PAUSE_S = 0.02
"""Seconds between two attempts."""
_HOLDER = late_pattern(rb"([0-9]{1,20}) ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00)\n")
"""Content of a lock file: the process ID of the holder, and the time in UTC at which it took the lock."""
_LONGEST = 100
"""Bytes to read of a lock file; its content is shorter."""


class LedgerLock:
    """Exclusive lock of a ledger, held from construction until ``release``.

    The constructor raises ``LedgerBusyError`` when another process holds the lock, and ``LedgerError`` when the
    lock's name belongs to a file that is not a lock of this user.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = lock_path(ledger)
        self._descriptor = _acquire(self._path, ledger)
        holder = f"{os.getpid()} {datetime.now(UTC).isoformat(timespec='seconds')}\n"
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, holder.encode("ascii"), 0)
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Remove the lock file, then release the lock. In this order, no other process can lock it in between.

        A file that cannot be removed is harmless; a warning is logged.
        """
        try:
            if _is_still_there(self._descriptor, self._path):
                self._path.unlink(missing_ok=True)
        except OSError as error:
            event_logger().warning("lock.not_removed", path=self._path, error=error.strerror)
        finally:
            os.close(self._descriptor)


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the lock for the name ``path`` inside the context; no file of that name has to exist.

    Raise ``LedgerBusyError`` and ``LedgerError`` as ``LedgerLock`` does.
    """
    with translate_errors(path):
        lock = LedgerLock(path)
    try:
        yield
    finally:
        lock.release()


def lock_path(ledger: Path) -> Path:
    """Return the path of a ledger's lock file. Symbolic links to the same ledger have the same lock."""
    real = Path(os.path.realpath(ledger))
    return real.with_name(f"{real.name}.lock")


def is_locked(ledger: Path) -> bool:
    """Return whether a run holds this ledger's lock now."""
    try:
        descriptor = _open(lock_path(ledger), os.O_RDONLY)
    except (FileNotFoundError, _ForeignError):
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def locked_since(ledger: Path) -> float | None:
    """Return when the run that holds this ledger's lock took it, in whole Unix seconds; None without one."""
    if not is_locked(ledger):
        return None
    try:
        content = read_regular(lock_path(ledger))
    except OSError:  # the run has ended since
        return None
    holder = _HOLDER.fullmatch(content[:_LONGEST])
    return datetime.fromisoformat(holder[2].decode("ascii")).timestamp() if holder else None


class _ForeignError(LedgerError):
    """Raised when another file has the name of a lock; that file is not changed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} has the name of this program's lock file, and is another file: {reason}",
            cure="choose another name with --ledger or -o, or remove that file if nothing needs it",
        )


def _acquire(path: Path, ledger: Path) -> int:
    holder = None
    for _ in range(_PATIENCE):
        descriptor = _open(path, os.O_RDWR | os.O_CREAT)
        try:
            is_locked = _try_lock(descriptor, fcntl.LOCK_EX)
            holder = _require_ours(descriptor, path, is_locked=is_locked)
            if is_locked and _is_still_there(descriptor, path):
                return os.dup(descriptor)  # both descriptors share the lock; closing the first one keeps it
        finally:
            os.close(descriptor)
        time.sleep(_PAUSE_S)
    raise _busy(ledger, holder)


def _open(path: Path, flags: int) -> int:
    try:
        return open_regular(path, flags | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _ForeignError(path, "it is a symbolic link") from error
        if os.path.lexists(path):
            raise _ForeignError(path, error.strerror or "it cannot be opened") from error
        raise


def _require_ours(descriptor: int, path: Path, *, is_locked: bool) -> re.Match[bytes] | None:
    """Return the match of ``_HOLDER`` for the lock file's content, None for an empty file.

    Raise ``_ForeignError`` for another kind of file. A lock file of another user is accepted while that user's run
    holds it, and refused when no run holds it.
    """
    status = os.fstat(descriptor)
    if is_locked and status.st_uid != os.geteuid():
        raise _ForeignError(path, "it belongs to another user")
    if is_locked and status.st_nlink > 1:
        raise _ForeignError(path, "it has another name besides (a hard link)")
    content = os.pread(descriptor, _LONGEST, 0)
    holder = _HOLDER.fullmatch(content)
    if content and holder is None:
        raise _ForeignError(path, "it holds something else")
    return holder


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still_there(descriptor: int, path: Path) -> bool:
    """Return whether the locked file is still at its path; its last holder may just have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _busy(ledger: Path, holder: re.Match[bytes] | None) -> LedgerBusyError:
    # None: the lock was just released, or its holder has not written the content yet.
    pid, since = (text.decode("ascii") for text in holder.groups()) if holder else ("unknown", "just now")
    return LedgerBusyError(
        f"{ledger} is in use by process {pid} since {since}", cure="wait for that run to end, or stop it"
    )
