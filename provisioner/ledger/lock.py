"""One run at a time: an advisory lock beside the ledger, which the kernel lets go when its holder dies.

The lock is on a file of its own. SQLite holds POSIX locks on the ledger, and closing any other descriptor of
that file would drop them.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from provisioner.errors import LedgerBusyError
from provisioner.ledger.faults import translated

_PATIENCE = 5
"""Tries before a lock counts as held: ``is_held`` takes it for an instant, to see."""
_PAUSE_S = 0.02


class LedgerLock:
    """The right to write a ledger, from construction to ``release``; ``LedgerBusyError`` when it is taken."""

    def __init__(self, ledger: Path) -> None:
        self._path = lock_path(ledger)
        self._descriptor = _acquire(self._path, ledger)
        holder = f"{os.getpid()} {datetime.now(UTC).isoformat(timespec='seconds')}\n"
        try:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, holder.encode("ascii"))
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Remove the lock's file, then let go, in this order: nobody can have locked it in between."""
        if _is_still_there(self._descriptor, self._path):
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the lock of any name while the context lasts; there need be no file of that name."""
    with translated(path):
        lock = LedgerLock(path)
    try:
        yield
    finally:
        lock.release()


def lock_path(ledger: Path) -> Path:
    """Return where the lock of a ledger is; links to one ledger share it."""
    real = ledger.resolve()
    return real.with_name(f"{real.name}.lock")


def is_held(ledger: Path) -> bool:
    """Say whether a run writes this ledger now."""
    try:
        descriptor = os.open(lock_path(ledger), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _acquire(path: Path, ledger: Path) -> int:
    for _ in range(_PATIENCE):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _try_lock(descriptor, fcntl.LOCK_EX) and _is_still_there(descriptor, path):
            return descriptor
        os.close(descriptor)
        time.sleep(_PAUSE_S)
    raise _busy(ledger, path)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still_there(descriptor: int, path: Path) -> bool:
    """Say whether the locked file is the one that others will try, not one its last holder just removed."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _busy(ledger: Path, path: Path) -> LedgerBusyError:
    try:
        pid, since = path.read_text(encoding="ascii").split()
    except (OSError, ValueError):  # it was let go, or not yet written
        pid, since = "unknown", "just now"
    return LedgerBusyError(
        f"{ledger} is in use by process {pid} since {since}", cure="wait for that run to end, or stop it"
    )
