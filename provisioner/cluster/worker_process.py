"""One worker as a process: its command, its start, and how it ended."""

import fcntl
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

import provisioner
from provisioner.models.environment import working_folder
from provisioner.system.printable import printable, shortened
from provisioner.system.processes import is_suspended

from .replacement import WorkerExit

MOST_OUTPUT = 1 << 20
"""Bytes after which the output of a worker is dropped: only its last lines are of interest."""
SUSPENDED_S = 15.0
"""Seconds for which a worker may be suspended: as long as a worker that says nothing usually keeps its rows."""
_LAST_BYTES = 1 << 16
_LONGEST_MESSAGE = 500


def own_program(module: str = "provisioner") -> tuple[str, ...]:
    """Return the start of the command that runs a module of this package with this Python.

    A folder ``provisioner`` in the working folder is not taken for it, unless this package is that folder.
    """
    folder, here = Path(provisioner.__file__).resolve().parent.parent, working_folder()
    is_here = bool(here) and Path(here).resolve() == folder
    return (sys.executable, *(() if is_here else ("-P",)), "-m", module)


def worker_command(program: Sequence[str], address: str, arguments: Sequence[str]) -> list[str]:
    """Return the command of a worker; at its end it prints its summary as JSON on stdout."""
    return [*program, "worker", address, *arguments, "--json"]


class WorkerProcess:
    """A worker as a process in a session of its own, so that it outlives this process and its terminal.

    Its output goes to a file without a name, because a pipe would block or break together with this process. With
    ``is_quiet`` that includes stderr; else stderr is that of this process. Closing leaves the worker alone. Raise
    ``OSError`` when it cannot be started.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], *, is_quiet: bool) -> None:
        self._output: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - is closed in __exit__
        descriptor = self._output.fileno()
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
        self._started, self._worked_s = time.monotonic(), 0.0
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output if is_quiet else None,
                start_new_session=True,
            )
        except BaseException:
            self._output.close()
            raise

    @property
    def pid(self) -> int:
        """Process ID of the worker."""
        return self._process.pid

    def poll(self) -> WorkerExit | None:
        """Return how the worker ended; None while it works. Keep its output small. Does not block.

        One that is suspended for ``SUSPENDED_S`` counts as lost: when it continues, it finds that others have
        taken its rows over, and ends.
        """
        code, lived_s = self._process.poll(), time.monotonic() - self._started
        if code is not None:
            message, cure = ("", "") if code < 0 else _error_in(self._last_output())
            return WorkerExit(code=code, lived_s=lived_s, message=message, cure=cure)
        if os.fstat(self._output.fileno()).st_size > MOST_OUTPUT:
            os.ftruncate(self._output.fileno(), 0)
        if not is_suspended(self.pid):
            self._worked_s = lived_s
        if lived_s - self._worked_s < SUSPENDED_S:
            return None
        return WorkerExit(code=None, lived_s=lived_s, message="is suspended, and is left alone")

    def terminate(self) -> None:
        """Ask the worker to finish what is in flight, and to end."""
        self._process.terminate()

    def _last_output(self) -> bytes:
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), _LAST_BYTES, max(0, size - _LAST_BYTES))

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the output; a worker that lives goes on, and is waited for so that no zombie is left of it."""
        self._output.close()
        if self._process.poll() is None:
            threading.Thread(target=self._process.wait, name="left-worker", daemon=True).start()


def _error_in(output: bytes) -> tuple[str, str]:
    """Return message and cure of the error in a worker's output; without a summary there, its last line."""
    lines = [line for line in output.splitlines() if line.strip()]
    for line in reversed(lines):
        with suppress(msgspec.DecodeError):
            summary: Any = msgspec.json.decode(line)
            if isinstance(summary, dict) and "exit_code" in summary:
                error = summary.get("error") or {}
                return _shown(error.get("message", "")), _shown(error.get("cure", ""))
    return _shown(lines[-1].decode(errors="replace")) if lines else "", ""


def _shown(text: str) -> str:
    return shortened(printable(text.strip()), _LONGEST_MESSAGE)
