"""A shell command in a process group of its own, for a bounded time."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from provisioner.system.interrupts import calling_on_stop
from provisioner.system.os_errors import os_reason

Process = subprocess.Popen[bytes]


def run_shell(line: str, given: bytes, environ: Mapping[str, str], *, longest_s: float) -> tuple[str, bytes]:
    """Run ``line`` in ``/bin/sh`` with ``given`` on its stdin; return what went wrong, and its output.

    The first text is empty if nothing went wrong; the output is that of stdout and stderr. After ``longest_s``
    seconds, and at a stop signal, all processes of the command are killed; those that it leaves behind when it
    ends are not waited for. Call it on the main thread.
    """
    stops: list[signal.Signals] = []
    started: list[Process] = []

    def stop(number: signal.Signals) -> None:
        stops.append(number)
        for each in started:
            _kill(each)

    try:
        with calling_on_stop(stop), TemporaryFile() as output, _shell(line, output, environ) as process:
            started.append(process)
            trouble = _wait(process, given, 0.0 if stops else longest_s)
            output.seek(0)
            return _trouble(stops, trouble), output.read()
    except OSError as error:
        return f"could not be started: {os_reason(error)}", b""


def _shell(line: str, output: IO[bytes], environ: Mapping[str, str]) -> Process:
    return subprocess.Popen(  # noqa: S602 - the line is the user's own
        line,
        shell=True,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environ),
        start_new_session=True,
    )


def _wait(process: Process, given: bytes, longest_s: float) -> str:
    try:
        process.communicate(given, timeout=longest_s)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()
        return f"was stopped, because it took more than {longest_s:g} s"
    if process.returncode < 0:
        return f"was ended by signal {-process.returncode}"
    return f"ended with exit code {process.returncode}" if process.returncode else ""


def _trouble(stops: Sequence[signal.Signals], otherwise: str) -> str:
    return f"was stopped by {stops[0].name}" if stops and otherwise else otherwise


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
