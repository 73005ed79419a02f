"""Running of other programs, and measurement of their wall-clock time, processor time and memory."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
CORE = 0
LIMIT_S = 400
OTHERS = ("PROVISIONER_", "TWILIO_", "LOCUST_", "PYTHON", "COVERAGE_")


class Missing(Exception):  # noqa: N818 - what it names is a reason to skip, not a failure
    """Raised when something that a measurement needs is not installed; the text names it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage of one run of a program with its child processes.

    ``wall_s`` and ``cpu_s`` are seconds of wall-clock and processor time; ``peak_mib`` is the peak memory of the
    largest process in MiB.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float


def tool(name: str) -> str:
    """Return the path of a program of the system.

    Raises:
        Missing: The program is not installed.
    """
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def pinned(core: int) -> list[str]:
    """Return the prefix of a command that binds it to one core; empty if the machine has only one core."""
    return [tool("taskset"), "--cpu-list", str(core)] if (os.cpu_count() or 1) > 1 else []


def clean_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with ``changes`` and without variables that affect the contenders."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    return kept | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | dict(changes or {})


def started(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, output: IO[bytes] | int
) -> "subprocess.Popen[bytes]":
    """Start a command on the core of the clients; its stdout and stderr go to ``output``."""
    return subprocess.Popen(
        [*pinned(CORE), *command],
        env=clean_environment(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def measure(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Usage:
    """Run a command to its end on the core of the clients and return its usage.

    Raises:
        RuntimeError: It failed, or took longer than ``LIMIT_S`` seconds; the text ends with its last output.
    """
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        process = started(command, environment, folder, printed)
        alarm = threading.Timer(LIMIT_S, process.kill)
        alarm.start()
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(max(printed.tell() - 2_000, 0))
            last = printed.read().decode(errors="replace")
            raise RuntimeError(
                f"{' '.join(command[:4])} ended with {process.returncode} after {wall_s:.0f} s:\n{last}"
            )
    return Usage(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def say(text: str) -> None:
    """Print a progress message to stderr; stdout is for tables only."""
    print(text, file=sys.stderr, flush=True)
