"""Engine whose workers are processes of this machine."""

import asyncio
from collections.abc import Mapping, Sequence

from provisioner.ports.engine import WorkerPlacement
from provisioner.system.event_log import event_logger
from provisioner.system.os_errors import os_reason

from .keeper import WorkerKeeper
from .replacement import WorkerExit
from .worker_process import WorkerProcess, own_program, worker_command

POLL_S = 0.1
"""Seconds between two looks whether a worker has ended. Waiting for it on a thread could not be cancelled."""
_LOG_LEVEL = {"PROVISIONER_LOG_LEVEL": "warning"}
"""Log level of the workers unless a flag or the environment sets one: nobody reads what they log."""


class LocalEngine:
    """Engine whose workers are processes of this machine, each in a session of its own.

    They do not get the signals of this process's terminal, and go on when this process has ended. ``environ`` are
    their environment variables. ``program`` is the command that runs this program, for tests.
    """

    def __init__(self, environ: Mapping[str, str], *, program: Sequence[str] | None = None) -> None:
        self._environ, self._program = environ, program or own_program()

    async def keep_workers(self, placement: WorkerPlacement) -> None:
        """Keep the workers until the run is over; see ``ports.engine.Engine``."""
        log = event_logger()
        environ = {**_LOG_LEVEL, **self._environ, **placement.secrets}
        command = worker_command(self._program, placement.address, placement.arguments)

        async def run_worker() -> WorkerExit:
            try:
                process = WorkerProcess(command, environ, is_quiet=True)
            except OSError as error:
                return WorkerExit(code=None, lived_s=0.0, message=f"could not be started: {os_reason(error)}")
            with process:
                log.info("worker.started", pid=process.pid)
                while True:
                    if (ended := process.poll()) is not None:
                        return ended
                    await asyncio.sleep(POLL_S)

        await WorkerKeeper(placement, run_worker).keep()
