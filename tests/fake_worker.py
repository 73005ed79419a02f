"""Stand-in for ``provisioner worker FOLDER …``, whose folder takes the place of a ledger.

It writes what it was started with to the folder, and works until the file ``end`` there holds an exit code, or
ends at once when there is a file ``fail`` with one. At its end it prints a summary as ``--json`` does. SIGTERM
ends it with 143, which leaves the file ``signalled``. It ends by itself after a minute.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

PROGRAM = (sys.executable, __file__)
"""The command that runs this file in place of ``provisioner``."""


class FakeLedger:
    """The folder of fake workers, as a test sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def started(self) -> list[dict[str, object]]:
        """Return what the workers were started with, in the order of their starts."""
        told = [json.loads(path.read_text()) for path in self.folder.glob("*.started")]
        return sorted(told, key=lambda each: float(each["at"]))

    def alive(self) -> list[int]:
        """Return the process IDs of the workers that live, in the order of their starts."""
        return [pid for each in self.started() if is_alive(pid := int(str(each["pid"])))]

    def end(self, code: int = 0) -> None:
        """Let all workers end with this exit code."""
        _write(self.folder / "end", str(code))

    def begin(self) -> None:
        """Begin another run after ``end``."""
        (self.folder / "end").unlink()

    def fail(self, code: int) -> None:
        """Let every worker that starts from now on end at once with this exit code."""
        _write(self.folder / "fail", str(code))


def is_alive(pid: int) -> bool:
    """Return whether a process lives; one that has ended, and that nobody has waited for, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def _write(path: Path, text: str) -> None:
    whole = path.with_suffix(".new")
    whole.write_text(text)
    whole.replace(path)


def _leave(folder: Path) -> None:
    (folder / "signalled").touch()
    sys.exit(143)


def _work(folder: Path) -> int:
    signal.signal(signal.SIGTERM, lambda *_: _leave(folder))
    told = {
        "at": time.time(),
        "pid": os.getpid(),
        "arguments": sys.argv[1:],
        "password": os.environ.get("PGPASSWORD"),
        "log_level": os.environ.get("PROVISIONER_LOG_LEVEL"),
        "session": os.getsid(0),
    }
    fails, ends = folder / "fail", folder / "end"
    code = int(fails.read_text()) if fails.exists() else None
    _write(folder / f"{os.getpid()}.started", json.dumps(told))
    sys.stderr.write("a line of the log\n")
    last = time.monotonic() + 60.0
    while code is None and time.monotonic() < last:
        code = int(ends.read_text()) if ends.exists() else None
        time.sleep(0.02)
    error = {"message": "no credentials", "cure": "set them", "kind": "usage"} if code == 2 else None
    sys.stdout.write(json.dumps({"command": "worker", "exit_code": code, "error": error}) + "\n")
    return 1 if code is None else code


if __name__ == "__main__":
    sys.exit(_work(Path(sys.argv[2])))
