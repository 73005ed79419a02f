"""The task of a Dask cluster that is one worker; it runs on a thread of a Dask worker.

The worker is a process of its own, because Dask can neither stop a thread nor spare the event loop that it needs
itself. A task that Dask repeats on its own is one more worker, which the ledger gives other rows.
"""

import os
import time
from collections.abc import Sequence

from distributed import get_worker

from .worker_process import WorkerProcess, own_program, worker_command

POLL_S = 0.2
"""Seconds between two looks at the worker, and at the state of the Dask worker."""
_LEAVING = {"closing_gracefully", "closing", "closed", "failed"}
"""States of a Dask worker that is about to end: its worker finishes what is in flight, and ends before it."""

EndOfWorker = tuple[int | None, float, str, str]
"""Fields of ``WorkerExit`` in their order: plain types, which other versions of this program read, too."""


def run_worker(address: str, arguments: Sequence[str], module: str = "provisioner") -> EndOfWorker:
    """Run one worker of the ledger at ``address`` until it ends, and return how it ended.

    It takes its secrets from the environment of the Dask worker. ``module`` is the program, another one in tests.
    """
    program = (*own_program("provisioner.cluster.tied_process"), str(os.getpid()), module)
    dask_worker, is_leaving = get_worker(), False
    with WorkerProcess(worker_command(program, address, arguments), os.environ, is_quiet=False) as process:
        while (ended := process.poll()) is None:
            if not is_leaving and dask_worker.status.name in _LEAVING:
                is_leaving = True
                process.terminate()
            time.sleep(POLL_S)
    return ended.code, ended.lived_s, ended.message, ended.cure
