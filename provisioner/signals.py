"""Stop signals as calls: the first drains, the second cancels, a third finds the default handlers again."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from provisioner.errors import ExitCode
from provisioner.system.interrupts import heeded_signals


@contextmanager
def catch_stop_signals(first: Callable[[signal.Signals], None], second: Callable[[], None]) -> Iterator[None]:
    """Call ``first`` on the first stop signal and ``second`` on the next, on the running loop.

    After the second the default handlers stand again, so a third ends the process at once.
    """
    loop, heeded = asyncio.get_running_loop(), heeded_signals()
    received: list[signal.Signals] = []

    def handle(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            first(number)
            return
        uninstall()
        second()

    def uninstall() -> None:
        for number in heeded:
            loop.remove_signal_handler(number)

    for number in heeded:
        loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        uninstall()


def _do_nothing() -> None:
    """Stop nothing: nothing is under way."""


class StopSignals:
    """Takes stop signals while its context lasts, and hands them to whatever the run is doing then.

    ``drain_s`` seconds after the first signal everything is cancelled, as by a second one.
    """

    def __init__(self, *, drain_s: float) -> None:
        self._drain_s = drain_s
        self._received: signal.Signals | None = None
        self._stop: Callable[[], None] = _do_nothing
        self._cancel: Callable[[], None] = _do_nothing
        self._timer: asyncio.TimerHandle | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(catch_stop_signals(self._on_first_signal, self._cancel_work))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        self._stack.close()

    @property
    def exit_code(self) -> ExitCode | None:
        """The exit code that a signal asks for, None while there was none; SIGHUP asks for that of SIGTERM."""
        if self._received is None:
            return None
        return ExitCode.SIGINT if self._received is signal.SIGINT else ExitCode.SIGTERM

    def on_stop(self, stop: Callable[[], None], cancel: Callable[[], None] = _do_nothing) -> None:
        """Say what the signals stop and cancel from now on; if one came before, stop at once."""
        self.clear()
        self._stop, self._cancel = stop, cancel
        if self._received is not None:
            self._stop_work()

    def clear(self) -> None:
        """Let signals stop nothing: what comes now is short and has to end well."""
        self._stop = self._cancel = _do_nothing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_first_signal(self, received: signal.Signals) -> None:
        self._received = received
        self._stop_work()

    def _stop_work(self) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(self._drain_s, self._cancel_work)

    def _cancel_work(self) -> None:
        self._cancel()
