"""SIGINT, SIGTERM and SIGHUP as requests to stop. Signal handlers are registered in this module only."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from provisioner.signals import StopSignals
from provisioner.system.interrupts import heeded_signals, interruptible


class ProcessSignals(StopSignals):
    """Stop signals of this process; use it on the main thread.

    After the second signal the default handlers are restored, so that a third signal ends the process at once.
    """

    def interrupting(self) -> AbstractContextManager[None]:
        """Return a context in which a signal raises at once; asyncio would wait until a blocking call returns."""
        return interruptible()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        loop, heeded = asyncio.get_running_loop(), heeded_signals()
        received: list[signal.Signals] = []

        def handle(number: signal.Signals) -> None:
            received.append(number)
            if len(received) > 1:
                uninstall()
            self._note(number)
            self._deliver()

        def uninstall() -> None:
            for number in heeded:
                loop.remove_signal_handler(number)

        for number in heeded:
            loop.add_signal_handler(number, handle, number)
        try:
            yield
        finally:
            uninstall()
