"""Metrics file of a run (``--metrics-file``), for the textfile collector of Prometheus's node exporter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import structs

from provisioner.errors import StorageError
from provisioner.load import load_families
from provisioner.models.metric_families import metrics_text
from provisioner.models.summary import Summary
from provisioner.monitor.run_metrics import run_families
from provisioner.monitor.run_status import RunStatus
from provisioner.results import READABLE, STDOUT, atomic_write, check_writable
from provisioner.sources.files.objects import object_address, shown_output
from provisioner.system.event_log import event_logger

EVERY_S = 10.0
"""Seconds between two writes while a run sends."""


class MetricsFile:
    """File at ``path`` that holds the metrics of a run; it is always replaced as a whole.

    The constructor raises ``UsageError`` when no file could be written there. A failure later is a warning: the
    run does not depend on the file.
    """

    def __init__(self, path: Path) -> None:
        check_writable(path)
        self._path = path
        self._has_failed = False
        self._ended = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def kept(self, status: Callable[[], RunStatus]) -> AsyncIterator[None]:
        """Write the status every ``EVERY_S`` seconds inside the context; stdout and objects get the result."""
        if self._path == STDOUT or object_address(self._path):
            yield
            return
        self._writing = asyncio.create_task(self._write_on(status))
        try:
            yield
        finally:
            await self._end()

    async def write_result(self, status: RunStatus, summary: Summary) -> Summary:
        """Write the result of the run; return its summary, with a note if that failed.

        Nothing is written for a run that ended before its rows were counted.
        """
        await self._end()
        if summary.counts is None:
            return summary
        families = [*run_families(status)]
        if "offered" in summary.details:
            families += load_families(summary)
        if (failure := await self._write(metrics_text(families))) is None:
            return summary
        return structs.replace(summary, notes=(*summary.notes, f"--metrics-file {failure}"))

    async def _write_on(self, status: Callable[[], RunStatus]) -> None:
        while not self._ended.is_set():
            await self._write(metrics_text(run_families(status())))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), EVERY_S)

    async def _end(self) -> None:
        """Wait for the end of the writes; a cancelled one would go on in its thread and replace the result."""
        self._ended.set()
        if self._writing is not None:
            await self._writing

    async def _write(self, text: str) -> str | None:
        """Write the file; return why that failed, after a warning in the log for the first failure of several."""

        def write() -> None:
            with atomic_write(self._path, mode=READABLE) as stream:
                stream.write(text.encode(errors="replace"))

        try:
            await asyncio.to_thread(write)
        except StorageError as error:
            if not self._has_failed:
                event_logger().warning("metrics.failed", file=self._name, error=error.message)
            self._has_failed = True
            return error.message
        self._has_failed = False
        return None

    @property
    def _name(self) -> str:
        return shown_output(self._path)
