"""Identity of this machine and of its processes, to tell whether a process that was recorded is still there."""

import os
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_STATE, _START = 0, 19
"""Places after the name in ``/proc/PID/stat``. Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime)."""
_ENDED = frozenset("ZX")
"""States of a process that has ended and was not waited for."""
_SUSPENDED = frozenset("Tt")
"""States of a process that a signal or a debugger has stopped."""


def machine_id() -> str:
    """Return what only processes have in common that see each other: boot ID and PID namespace.

    Empty where the system has neither; processes in different containers of a machine do not see each other.
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"  # noqa: PTH115 - it is a name, and no path
    except OSError:
        return ""


def process_start(pid: int) -> str:
    """Return when a process was started, in the system's own unit; empty where that is not known."""
    found = _stat(pid)
    return found[_START] if found else ""


def is_gone(pid: int, start: str) -> bool:
    """Return whether the process that was started at ``start`` (see ``process_start``) has certainly ended."""
    if not start:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    found = _stat(pid)
    return bool(found) and (found[_START] != start or found[_STATE] in _ENDED)


def is_suspended(pid: int) -> bool:
    """Return whether a process is stopped by a signal or a debugger; False where that is not known."""
    found = _stat(pid)
    return bool(found) and found[_STATE] in _SUSPENDED


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name, which may contain anything."""
    with suppress(OSError):
        _, _, fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")
        if len(found := fields.split()) > _START:
            return found
    return []
