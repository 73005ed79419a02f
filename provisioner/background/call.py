"""One call of a command by a Python program: reads its options, runs the job, returns its summary."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from structlog.contextvars import bound_contextvars

from provisioner.commands.perform import CommandContext, FileOptions, LedgerOptions, ReadingOptions, perform
from provisioner.errors import UsageError
from provisioner.models.environment import ProcessEnvironment, user_home
from provisioner.models.summary import Summary
from provisioner.options import (
    CheckOptions,
    CloseOptions,
    ExportOptions,
    LoadOptions,
    ReconcileOptions,
    ReportOptions,
    RunOptions,
    StatusOptions,
    WorkerOptions,
)
from provisioner.options.event_loops import parse_loop
from provisioner.options.keyword_values import options_from_keywords
from provisioner.options.shell_command import shell_command
from provisioner.signals import StopSignals

from .arguments import (
    Environ,
    OnProgress,
    PathNames,
    StopEvent,
    read_names,
    require_variables,
    require_watchers,
)
from .callback_interface import CallbackInterface
from .job_thread import JobThread
from .stop_events import awaited, polled

_STDOUT = Path("-")
_OPTIONS: Mapping[str, type[Any]] = {
    "check": CheckOptions,
    "run": RunOptions,
    "load": LoadOptions,
    "worker": WorkerOptions,
    "status": StatusOptions,
    "export": ExportOptions,
    "reconcile": ReconcileOptions,
    "close": CloseOptions,
    "report": ReportOptions,
}


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of one call, checked: paths, options, and the environment of the job."""

    paths: Sequence[str]
    options: FileOptions | LedgerOptions | ReadingOptions
    environment: ProcessEnvironment

    @classmethod
    def read(
        cls,
        command: str,
        paths: PathNames,
        given: Mapping[str, object],
        environ: Environ = None,
    ) -> "Call":
        """Check the arguments of a call of ``command``; raise ``UsageError`` for an unknown option or a bad value.

        ``given`` are the keywords with natural Python values. ``environ`` replaces the process's variables; None
        means ``os.environ``.
        """
        names = read_names(command, paths)
        require_variables(environ)
        options = options_from_keywords(
            _OPTIONS[command], command, given, os.environ if environ is None else environ
        )
        for option in ("output", "metrics_file"):
            if getattr(options, option, None) == _STDOUT:
                raise UsageError(f"{option} '-' is stdout, which is the calling program's", cure="name a file")
        told = [name for name, value in given.items() if value is not None]
        return cls(names, options, _environment(environ, shell_command(command, names, options, told), told))

    def perform(self, on_progress: OnProgress | None = None, stop: StopEvent | None = None) -> Summary:
        """Run the job while this thread waits, and return its summary.

        Raise ``ProvisionerError`` as ``commands.perform.perform`` does, and the exception that ``on_progress``
        raised.
        """
        require_watchers(on_progress, stop)
        signals = StopSignals()
        with CallbackInterface(on_progress, signals) as ui:
            return self._job(ui, signals, stop).result()

    async def perform_async(self, on_progress: OnProgress | None = None, stop: StopEvent | None = None) -> Summary:
        """Run the job while the caller's task waits, and return its summary; raise as ``perform`` does."""
        require_watchers(on_progress, stop)
        signals = StopSignals()
        ours, other = (stop, None) if isinstance(stop, asyncio.Event) else (None, stop)
        with CallbackInterface(on_progress, signals) as ui:
            async with awaited(ours, signals):
                return await self._job(ui, signals, other).result_async()

    def _job(self, ui: CallbackInterface, signals: StopSignals, event: StopEvent | None) -> JobThread[Summary]:
        loop_factory = parse_loop(getattr(self.options, "loop", "asyncio"))
        return JobThread(partial(self._main, ui, signals, event), signals, loop_factory)

    async def _main(self, ui: CallbackInterface, signals: StopSignals, event: StopEvent | None) -> Summary:
        context = CommandContext(self.environment, ui, signals)
        with bound_contextvars(run_id=uuid4().hex[:12]):
            async with polled(event, signals):
                return await perform(self.paths, self.options, context)


def _environment(environ: Environ, command: str, typed: Iterable[str]) -> ProcessEnvironment:
    """Return the environment of a job; with ``environ`` the home folder is its variable HOME, or none."""
    if environ is None:
        return ProcessEnvironment(os.environ, user_home(), command, typed=frozenset(typed))
    home = Path(environ["HOME"]) if environ.get("HOME") else None
    return ProcessEnvironment(environ, home, command, typed=frozenset(typed))
