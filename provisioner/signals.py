"""Requests to stop, wherever they come from: the first one drains, the second one cancels.

A ``StopSignals`` is made by whoever starts a command, and handed down to everything that can be stopped. The
command line makes one that the system's signals reach; a program that calls a command asks by ``request_stop``.
"""

import asyncio
import math
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from provisioner.errors import ExitCode, StoppedError, TerminatedError


def _do_nothing() -> None:
    """Stop nothing: nothing is under way."""


class StopSignals:
    """Takes requests to stop, from any thread, and hands them to whatever the command is doing then."""

    def __init__(self) -> None:
        self._cause = signal.SIGINT
        self._asked = self._delivered = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drain_s = math.inf
        self._stop: Callable[[], None] = _do_nothing
        self._cancel: Callable[[], None] = _do_nothing
        self._timer: asyncio.TimerHandle | None = None

    @property
    def exit_code(self) -> ExitCode | None:
        """The exit code of what was stopped, None while nobody asked; SIGHUP asks for that of SIGTERM."""
        return self.error().exit_code if self._asked else None

    def error(self) -> StoppedError:
        """Return what to raise for a command that was stopped before it had anything to finish."""
        kind = StoppedError if self._cause is signal.SIGINT else TerminatedError
        return kind(f"stopped by {self._cause.name}")

    def request_stop(self, cause: signal.Signals = signal.SIGINT) -> None:
        """Ask to stop; a second call asks to cancel.

        To be called from any thread, before or while the command runs. ``cause`` decides the exit code; that of
        the first call counts.
        """
        self._note(cause)
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop is closed: the command has ended
                loop.call_soon_threadsafe(self._deliver)

    @contextmanager
    def active(self, *, drain_s: float) -> Iterator[None]:
        """Act on requests while the context lasts, on the running loop.

        ``drain_s`` seconds after the first one everything is cancelled, as by a second one; infinite for never.
        """
        self._loop, self._drain_s = asyncio.get_running_loop(), drain_s
        self._deliver()
        try:
            with self._listening():
                yield
        finally:
            self.clear()
            self._loop = None

    def interrupting(self) -> AbstractContextManager[None]:
        """Return a context in which a request ends a call that blocks the loop; here such calls are waited for."""
        return nullcontext()

    def on_stop(self, stop: Callable[[], None], cancel: Callable[[], None] = _do_nothing) -> None:
        """Say what requests stop and cancel from now on; if one came before, stop at once."""
        self.clear()
        self._stop, self._cancel = stop, cancel
        if self._delivered:
            self._stop_work()

    def clear(self) -> None:
        """Let requests stop nothing: what comes now is short and has to end well."""
        self._stop = self._cancel = _do_nothing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _listening(self) -> AbstractContextManager[None]:
        """Return a context in which requests come by themselves, as signals do."""
        return nullcontext()

    def _note(self, cause: signal.Signals) -> None:
        if not self._asked:
            self._cause = cause
        self._asked += 1

    def _deliver(self) -> None:
        while self._delivered < self._asked:
            self._delivered += 1
            if self._delivered == 1:
                self._stop_work()
            else:
                self._cancel()

    def _cancel_work(self) -> None:
        self._cancel()

    def _stop_work(self) -> None:
        self._stop()
        if math.isfinite(self._drain_s):
            self._timer = asyncio.get_running_loop().call_later(self._drain_s, self._cancel_work)
