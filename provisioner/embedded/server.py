"""Use of the embedded server of a folder: it is started for the first process, and joined by the others."""

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from provisioner.errors import LedgerError, StorageError
from provisioner.system.os_errors import os_reason

from .folders import SERVER_LOCK, USERS_LOCK, is_server_folder
from .server_process import NOBODY, ready_server

LINGER_S = 1.0
"""Seconds for which a server waits for another user, so that a command does not start it for each of its steps."""
SETTINGS = (
    "listen_addresses=",
    "max_connections=100",
    "shared_buffers=32MB",
    "log_min_messages=fatal",
    "log_min_error_statement=panic",
    "wal_level=minimal",
    "max_wal_senders=0",
)
"""Settings of the server: it listens on a socket that only its folder's owner reaches, and logs no statement."""
_LONGEST_SOCKET_FOLDER = 85
"""Bytes of a socket's folder; the kernel allows 104 (macOS) for the whole path, ``.s.PGSQL.5432`` included."""
_PATIENCE_S = 90.0
_POLL_S = 0.02


class ServerUse:
    """Use of a running server, released with the last reference to it, at the latest by the end of the process.

    ``dsn`` is the address of its database.
    """

    def __init__(self, descriptor: int, socket_folder: Path) -> None:
        self.dsn = f"postgresql://postgres@/postgres?host={quote(str(socket_folder))}&port=5432"
        self.release = weakref.finalize(self, os.close, descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """Embedded server of one folder. ``shown`` names it in messages.

    ``settings`` are added to ``SETTINGS``. The server goes on for ``linger_s`` seconds after its last user; a
    temporary one removes its folder then.
    """

    folder: Path
    programs: Path
    shown: str
    settings: Sequence[str] = ()
    linger_s: float = LINGER_S
    is_temporary: bool = False

    def use(self) -> "ServerUse":
        """Start the server, or join it when it runs; it goes on while the result is referenced. Blocks.

        Raise ``LedgerError`` when it cannot be started, and ``StorageError`` when its folder cannot be created.
        """
        try:
            self._make_folder()
            users = os.open(self.folder / USERS_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(
                f"{self.shown}: the folder of the embedded ledger cannot be created ({os_reason(error)})",
                cure="check its folder and permissions",
            ) from error
        held = ServerUse(users, self._socket_folder())
        fcntl.flock(users, fcntl.LOCK_SH)  # waits for a server that is just being stopped
        self._require_running()
        return held

    def wait_until_stopped(self) -> None:
        """Return when the server no longer runs; release every use before. Blocks."""
        while is_server_folder(self.folder):
            if (lock := self._lock()) is not None:
                os.close(lock)
                return
            time.sleep(_POLL_S)

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)

    def _require_running(self) -> None:
        ends = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends:
            if (lock := self._lock()) is not None:
                try:
                    self._start(lock)
                finally:
                    os.close(lock)
                return
            if ready_server(self.folder / "data") is not None and self._accepts_connections():
                return
            time.sleep(_POLL_S)
        raise self._failed("it did not start in time")

    def _lock(self) -> int | None:
        """Return the locked descriptor of the server's lock; None when the server's process has it."""
        descriptor = os.open(self.folder / SERVER_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _start(self, lock: int) -> None:
        life = "temporary" if self.is_temporary else "lasting"
        command: list[str | Path] = [
            *(sys.executable, "-I", Path(__file__).with_name("server_process.py")),
            *(self.programs, self.folder.absolute(), self._socket_folder(), str(self.linger_s), life),
            *(*SETTINGS, *self.settings),
        ]
        ended = subprocess.run(  # noqa: S603 - a module of ours
            command,
            pass_fds=[lock],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if ended.returncode:
            raise self._failed((ended.stderr.strip().splitlines() or ["no reason given"])[-1])

    def _accepts_connections(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_folder() / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def _socket_folder(self) -> Path:
        """Return the folder of the socket: that of the server, or a temporary one if its path is too long."""
        folder = self.folder.absolute()
        if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER:
            return folder
        state = folder.stat()
        return Path(tempfile.gettempdir(), f"provisioner-{state.st_dev:x}-{state.st_ino:x}")

    def _failed(self, reason: str) -> LedgerError:
        return LedgerError(
            f"{self.shown}: the embedded server did not start: {reason}",
            cure=f"see {self.folder / 'server.log'}",
        )
