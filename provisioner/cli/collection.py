"""Garbage collection of the process: none while the program starts."""

import gc
import sys
from typing import Any

FIRST = 150_000
"""Objects that may be made before the first collection: those of all modules that a run imports, and a half."""


def defer_collection() -> None:
    """Collect no garbage until ``FIRST`` objects were made; then exempt those from all later collections.

    Imported modules are no garbage. Looking through them again and again while they are imported takes a sixth of
    the time until the first request.
    """
    usual = gc.get_threshold()

    def resume(phase: str, _info: dict[str, Any]) -> None:
        if phase == "stop":
            gc.callbacks.remove(resume)
            if not sys.is_finalizing():  # what is exempted as Python shuts down is not finalized
                gc.freeze()
            gc.set_threshold(*usual)

    gc.callbacks.append(resume)
    gc.set_threshold(FIRST, *usual[1:])
