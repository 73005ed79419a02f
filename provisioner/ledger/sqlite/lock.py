"""One run at a time: an advisory lock beside the ledger, which the kernel lets go when its holder dies.

The lock is on a file of its own. SQLite holds POSIX locks on the ledger, and closing any other descriptor of
that file would drop them. A file of that name that is not a lock of ours, such as ``poetry.lock`` beside a ledger
called ``poetry``, is refused and left as it is.
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
from provisioner.system.regular_files import open_regular

_PATIENCE = 5
"""Tries before a lock counts as held: ``is_locked`` takes it for an instant, to see."""
_PAUSE_S = 0.02
_HOLDER = re.compile(rb"([0-9]{1,20}) ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00)\n")
"""What a lock holds: the process number of its holder, and since when."""
_LONGEST = 100
"""More bytes than a lock ever holds."""


class LedgerLock:
    """The right to write a ledger, from construction to ``release``.

    Raise ``LedgerBusyError`` when another process has it, and ``LedgerError`` when the lock's name is taken by a
    file that is not a lock of this user.
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
        """Remove the lock's file, then let go, in this order: nobody can have locked it in between.

        A file that cannot be removed is harmless, and told in the log.
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
    """Hold the lock of any name while the context lasts; there need be no file of that name."""
    with translate_errors(path):
        lock = LedgerLock(path)
    try:
        yield
    finally:
        lock.release()


def lock_path(ledger: Path) -> Path:
    """Return where the lock of a ledger is; links to one ledger share it."""
    real = Path(os.path.realpath(ledger))
    return real.with_name(f"{real.name}.lock")


def is_locked(ledger: Path) -> bool:
    """Say whether a run writes this ledger now."""
    try:
        descriptor = _open(lock_path(ledger), os.O_RDONLY)
    except (FileNotFoundError, _ForeignError):
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


class _ForeignError(LedgerError):
    """Raised when the name of a lock is taken by something else, which is left as it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is in the place of a lock, and is not one of this program's: {reason}",
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
                return os.dup(descriptor)  # the lock is that of both, and outlives the closing of the other
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
    """Return what a lock says of its holder, None where it is empty; raise ``_ForeignError`` for another file.

    Another user's run may hold it, but what another user left behind is not ours to take.
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
    """Say whether the locked file is the one that others will try, not one its last holder just removed."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _busy(ledger: Path, holder: re.Match[bytes] | None) -> LedgerBusyError:
    # Without one, it was let go, or has not been written yet.
    pid, since = (text.decode("ascii") for text in holder.groups()) if holder else ("unknown", "just now")
    return LedgerBusyError(
        f"{ledger} is in use by process {pid} since {since}", cure="wait for that run to end, or stop it"
    )
