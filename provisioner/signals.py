"""Requests to stop a command: the first one drains, the second one cancels.

To drain is to start nothing new and to finish the requests in flight. The caller of a command creates a
``StopSignals``, and the command passes it to everything that can be stopped. The command line uses a subclass that
receives the process's signals; a Python program calls ``request_stop``.
"""

import asyncio
import math
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from provisioner.errors import ExitCode, StoppedError, TerminatedError


def _do_nothing() -> None:
    """Do nothing; used while there is nothing to stop."""


class StopSignals:
    """Receives requests to stop, from any thread, and calls the ``on_stop`` callbacks on the event loop."""

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
        """Exit code of the stopped command; None before the first request. SIGHUP gives that of SIGTERM."""
        return self.error().exit_code if self._asked else None

    def error(self) -> StoppedError:
        """Return the exception to raise for a command that was stopped before it had anything to finish."""
        kind = StoppedError if self._cause is signal.SIGINT else TerminatedError
        return kind(f"stopped by {self._cause.name}")

    def request_stop(self, cause: signal.Signals = signal.SIGINT) -> None:
        """Request a stop; a second call requests cancellation.

        It may be called from any thread, before or during the command. The ``cause`` of the first call decides the
        exit code.
        """
        self._note(cause)
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop is closed: the command has ended
                loop.call_soon_threadsafe(self._deliver)

    @contextmanager
    def active(self, *, drain_s: float) -> Iterator[None]:
        """Handle requests on the running event loop inside the context, also those made before it.

        ``drain_s`` seconds after the first request the work is cancelled, as by a second request; ``math.inf``
        means never.
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
        """Return a context in which a request interrupts a call that blocks the event loop.

        This class cannot interrupt such a call and waits for its end; a subclass that receives signals can.
        """
        return nullcontext()

    def on_stop(self, stop: Callable[[], None], cancel: Callable[[], None] = _do_nothing) -> None:
        """Set the callbacks for the first request (``stop``) and the second (``cancel``), replacing earlier ones.

        If a stop was requested before, call ``stop`` at once.
        """
        self.clear()
        self._stop, self._cancel = stop, cancel
        if self._delivered:
            self._stop_work()

    def clear(self) -> None:
        """Remove the callbacks and the drain timer, for a short piece of work that must not be interrupted."""
        self._stop = self._cancel = _do_nothing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _listening(self) -> AbstractContextManager[None]:
        """Return a context in which a subclass receives requests on its own, such as from signals."""
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
