"""Peak of memory of a piece of work, by the kernel's own count, which costs the work nothing."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""Sets the peak to what is resident now. Source: proc(5)."""


def peak_of(work: Callable[[], None]) -> int:
    """Return by how many bytes this process grew at most during the work; where no kernel tells, Python does."""
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return _traced_peak_of(work)
    before = _resident("VmHWM")
    work()
    return _resident("VmHWM") - before


def _resident(name: str) -> int:
    """Return a size from the status of this process, in bytes."""
    (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def _traced_peak_of(work: Callable[[], None]) -> int:
    """Return the peak of Python's own allocations, which makes the work several times slower."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
