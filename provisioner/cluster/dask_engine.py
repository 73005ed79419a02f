"""Engine whose workers are long-lived tasks of a Dask cluster."""

import asyncio
import time
from concurrent.futures import CancelledError as LostFutureError
from contextlib import suppress
from functools import partial
from uuid import uuid4

from distributed import Client, KilledWorker

from provisioner.errors import UsageError
from provisioner.ports.engine import WorkerPlacement
from provisioner.system.event_log import event_logger

from .dask_task import run_worker
from .keeper import WorkerKeeper
from .replacement import WorkerExit

CONNECT_S = 30.0
"""Longest wait in seconds for the scheduler. One that is restarted is back within a minute or two."""
_CLOSE_S = 5.0


class DaskEngine:
    """Engine whose workers are tasks of the Dask cluster with this ``scheduler``, as ``HOST:PORT``.

    Each task keeps a thread of a Dask worker until the run is over. Dask's own configuration decides about TLS.
    ``module`` is the program that is run as a worker, another one in tests.
    """

    def __init__(self, scheduler: str, *, module: str = "provisioner") -> None:
        self._scheduler, self._module = scheduler, module
        self._log = event_logger()
        self._connecting = asyncio.Lock()
        self._client: Client | None = None

    async def keep_workers(self, placement: WorkerPlacement) -> None:
        """Keep the workers until the run is over; see ``ports.engine.Engine``.

        Raise ``UsageError`` when there is no scheduler, and when a worker needs secrets: they would pass through
        the scheduler.
        """
        if placement.secrets:
            names = ", ".join(sorted(placement.secrets))
            raise UsageError(
                f"a secret is not sent through the Dask scheduler ({names})",
                cure="remove it from the address, and set it in the environment of the Dask workers",
            )
        try:
            await self._tell_places(placement)
            await WorkerKeeper(placement, partial(self._run_worker, placement)).keep()
        finally:
            await self._close()

    async def _tell_places(self, placement: WorkerPlacement) -> None:
        """Tell the user when the cluster has fewer threads than workers."""
        try:
            client = await self._connected()
        except OSError as error:
            raise UsageError(
                f"no Dask scheduler answers at {self._scheduler}", cure="start it, or correct --engine"
            ) from error
        threads = sum((await client.nthreads()).values())
        if threads < placement.count:
            placement.tell(
                f"the Dask cluster has threads for {threads} of {placement.count} workers; "
                "the others wait for Dask workers to join"
            )

    async def _run_worker(self, placement: WorkerPlacement) -> WorkerExit:
        began = time.monotonic()
        try:
            client = await self._connected()
            future = client.submit(
                run_worker,
                placement.address,
                placement.arguments,
                self._module,
                key=f"provisioner-worker-{uuid4().hex}",
                pure=False,
                retries=0,
            )
            self._log.info("worker.submitted", task=future.key)
            code, lived_s, message, cure = await future
        except Exception as error:  # noqa: BLE001 - also what the task raised on the Dask worker, of any type
            return _lost(error, time.monotonic() - began)
        return WorkerExit(code=code, lived_s=lived_s, message=message, cure=cure)

    async def _connected(self) -> Client:
        """Return the client, connected anew when it has given the scheduler up; raise ``OSError`` without one."""
        async with self._connecting:
            if self._client is None or self._client.status == "closed":
                self._client = await Client(
                    self._scheduler, asynchronous=True, set_as_default=False, name="provisioner", timeout=CONNECT_S
                )
            return self._client

    async def _close(self) -> None:
        """Disconnect. Tasks that run go on, although Dask forgets them."""
        if self._client is not None:
            with suppress(OSError):  # a timeout is one
                async with asyncio.timeout(_CLOSE_S):
                    await self._client.close()


def _lost(error: Exception, lived_s: float) -> WorkerExit:
    """Return what an exception means that came instead of the worker's exit code."""
    cure = ""
    match error:
        case LostFutureError() | OSError():
            message = "was lost: there is no connection to the Dask scheduler"
        case KilledWorker():
            message = "was lost: the Dask workers that ran it died"
        case ModuleNotFoundError():
            message = "could not be started: this program is not installed where the Dask workers run"
            cure = "install it there, in the same version"
        case _:
            message = f"could not be started: Dask says {type(error).__name__}"
    return WorkerExit(code=None, lived_s=lived_s, message=message, cure=cure)
