"""Program of a worker that ends with the process that started it: ``…tied_process PID MODULE worker ADDRESS …``.

A Dask worker may be killed, and would leave the worker that it has started on a machine that is not its any more.
"""

import os
import runpy
import signal
import sys
import threading
import time

LOOK_S = 0.5
"""Seconds between two looks whether the process that started this one lives."""


def run_tied() -> None:
    """Run a module as the program, with the arguments after its name.

    The first argument is the ID of the process that started this one, the second the name of the module.
    """
    parent, module = int(sys.argv.pop(1)), sys.argv.pop(1)
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    run_tied()
