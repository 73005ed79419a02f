"""Running other programs as a user would, and what they cost: wall clock, processor time, memory."""

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
    """Something a measurement needs is not installed; the text says what."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a program and all its children cost; memory is the largest process of them."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def tool(name: str) -> str:
    """Find a program of the system.

    Raises:
        Missing: It is not installed.
    """
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def pinned(core: int) -> list[str]:
    """Return what to put before a command so that it stays on one core; nothing where there is only one."""
    return [tool("taskset"), "--cpu-list", str(core)] if (os.cpu_count() or 1) > 1 else []


def clean_environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what would change how a contender behaves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    return kept | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | dict(changes or {})


def started(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, output: IO[bytes] | int
) -> "subprocess.Popen[bytes]":
    """Start a command on the clients' core; all that it prints goes to ``output``."""
    return subprocess.Popen(
        [*pinned(CORE), *command],
        env=clean_environment(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def measure(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Usage:
    """Run a command to its end on the clients' core and return what it cost.

    Raises:
        RuntimeError: It failed, or took longer than ``LIMIT_S``; the text ends with what it printed last.
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
    """Tell the person who waits; tables alone go to stdout."""
    print(text, file=sys.stderr, flush=True)
