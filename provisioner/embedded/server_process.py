"""Process that runs an embedded PostgreSQL server while other processes use it.

``python server_process.py PROGRAMS FOLDER SOCKET LINGER_S LIFE [SETTING...]`` returns 0 when the server accepts
connections, or 1 with the reason on stderr, and goes on as a process of its own. It inherits the descriptor of the
locked ``server.lock``, so that a folder has one such process. Each process that uses the server has a shared lock
of ``in-use.lock``. When none has for ``LINGER_S`` seconds, or when the folder is removed, the server is stopped. A
folder whose ``LIFE`` is ``temporary`` is removed then.

Only the standard library is imported, since the module is started by its path.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65_534
"""User for the server of a program that runs as root, which PostgreSQL refuses. Source: Debian's base-passwd."""
_PRIVATE, _PASSABLE = 0o700, 0o711
_POLL_S = 0.1
_START_S = 60.0
"""Longest wait for a server to accept connections; it may have to recover from a crash."""
_STOP_S = 30.0
_DIE_WITH_PARENT = 1
"""``PR_SET_PDEATHSIG``. Source: prctl(2)."""
_READY_LINE = 7
"""Line of ``postmaster.pid``, from 0, that says ``ready``. Source: PostgreSQL's ``utils/pidfile.h``."""
_TAKEN = 'lock file "postmaster.pid" already exists'


class StartError(Exception):
    """Raised when the server does not start; the text is the last line of its log."""


@dataclass(frozen=True)
class Server:
    """Server of a folder, with its data in ``data`` and its log in ``server.log``. Its socket is in ``socket``.

    ``place`` is an open descriptor of the folder.
    """

    programs: Path
    folder: Path
    place: int
    socket: Path
    settings: Sequence[str]

    @property
    def data(self) -> Path:
        """Folder of the data."""
        return self.folder / "data"

    def create(self) -> None:
        """Create the data unless they are there; those of a process that was killed in between are begun anew."""
        if self.socket != self.folder:
            make_private(self.socket)
        if self.data.exists():
            return
        draft = self.folder / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        is_careless = "fsync=off" in self.settings
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", *["--no-sync"] * is_careless)
        with self._popen("initdb", draft.name, *options) as running:
            code = running.wait()
        if code:
            raise StartError(self.last_words())
        draft.rename(self.data)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server and return it when it accepts connections. Raise ``StartError`` when it does not."""
        socket = self._seen if self.socket == self.folder else self.socket
        named = (*self.settings, "port=5432", f"unix_socket_directories={socket}")
        options = [word for setting in named for word in ("-c", setting)]
        ends = time.monotonic() + _START_S
        while True:
            server = self._popen("postgres", "data", *options)
            while server.poll() is None and time.monotonic() < ends:
                if ready_server(self.data) == server.pid:
                    return server
                time.sleep(_POLL_S / 5)
            stop(server)
            # The server of a process that was killed is still stopping.
            if _TAKEN not in self.last_words() or time.monotonic() >= ends:
                raise StartError(self.last_words())
            time.sleep(_POLL_S)

    def last_words(self) -> str:
        """Return the last line of the log that says what is wrong."""
        lines = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line for line in lines if "FATAL:" in line or "error:" in line] or lines or ["no reason given"]
        return told[-1]

    @property
    def _seen(self) -> Path:
        """Name of the folder for the server's user, who may be unable to enter the folders above it."""
        return self.folder if _server_user() is None else Path(f"/proc/self/fd/{self.place}")

    def _popen(self, command: str, data: str, *options: str) -> "subprocess.Popen[bytes]":
        user = _server_user()
        return subprocess.Popen(  # noqa: S603 - a program of the wheel
            [self.programs / command, "-D", self._seen / data, *options],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            pass_fds=[self.place],
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has no threads
        )


def _server_user() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


@contextmanager
def reachable(programs: Path) -> Iterator[Path]:
    """Yield the folder of the programs, or of a copy that the server's user can enter."""
    if _server_user() is None or all(each.stat().st_mode & stat.S_IXOTH for each in programs.parents):
        yield programs
        return
    copy, package = Path(tempfile.mkdtemp(prefix="provisioner-programs-")), programs.parents[1]
    try:
        copy.chmod(_PASSABLE)
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, copy / folder.name)
        yield copy / programs.relative_to(package.parent)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def make_private(folder: Path) -> None:
    """Create a folder that only the server's user enters. Raise ``StartError`` when it is somebody else's."""
    user = os.geteuid() or NOBODY
    with suppress(FileExistsError):
        folder.mkdir(mode=_PRIVATE)
        os.chown(folder, user, -1)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != user or stat.S_IMODE(state.st_mode) != _PRIVATE:
        raise StartError(f"error: {folder} belongs to another user")


def ready_server(data: Path) -> int | None:
    """Return the process that accepts connections for these data, None for none. It may be gone since."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return int(lines[0]) if len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready" else None


def _die_with_parent() -> None:
    """Let the kernel stop the server when this process is killed; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGINT)


def stop(server: "subprocess.Popen[bytes]") -> None:
    """Stop the server: end its sessions and write a checkpoint; without one if that lasts too long."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_S)
            return


def is_in_use(folder: Path, descriptor: int) -> bool:
    """Return whether a process uses the server; if not, take the lock, so that nobody begins to."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return folder.joinpath("data", "PG_VERSION").exists()
    return False


def wait_until_unused(folder: Path, linger_s: float, server: "subprocess.Popen[bytes]") -> bool:
    """Return True, with the lock held, when nobody has used the server for ``linger_s``; False when it died."""
    users = os.open(folder / "in-use.lock", os.O_RDWR)
    used_at = time.monotonic()
    while True:
        is_dead = server.poll() is not None
        if is_in_use(folder, users):
            used_at = time.monotonic()
        elif is_dead or time.monotonic() - used_at >= linger_s:
            return True
        else:
            fcntl.flock(users, fcntl.LOCK_UN)
        if is_dead:
            os.close(users)
            return False
        time.sleep(_POLL_S)


def serve(server: Server, linger_s: float, ready: int) -> None:
    """Run the server until nobody uses it, and start it again when it dies; write to ``ready`` how it started."""
    try:
        server.create()
        running = server.start()
    except (OSError, StartError) as error:
        os.write(ready, str(error).encode())
        return
    os.write(ready, b"ready")
    os.close(ready)
    while True:
        try:
            if wait_until_unused(server.folder, linger_s, running):
                return
        finally:
            stop(running)
        time.sleep(1)
        with suppress(StartError):
            running = server.start()


def detach(folder: Path) -> None:
    """Leave the terminal of whoever started this process, and write to the log."""
    os.setsid()
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, log, log)):
        os.dup2(descriptor, number)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def start(programs: str, folder: str, socket: str, linger_s: str, life: str, *settings: str) -> int:
    """Start the process that runs the server, and return when the server is ready or has failed."""
    told, ready = os.pipe()
    if os.fork():
        os.close(ready)
        reason = os.read(told, 4096).decode()
        if reason == "ready":
            return 0
        sys.stderr.write(reason)
        return 1
    os.close(told)
    detach(Path(folder))
    try:
        with reachable(Path(programs)) as found:
            place = os.open(folder, os.O_RDONLY)
            serve(Server(found, Path(folder), place, Path(socket), settings), float(linger_s), ready)
    finally:
        if socket != folder:
            shutil.rmtree(socket, ignore_errors=True)
        if life == "temporary":
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(start(*sys.argv[1:]))
