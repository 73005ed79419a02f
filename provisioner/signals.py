"""Stop signals as calls: the first, the second; a third finds the default handlers again."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.errors import ExitCode

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_code(received: signal.Signals) -> ExitCode:
    """Return the exit code of a run that ``received`` stopped."""
    return ExitCode.SIGINT if received is signal.SIGINT else ExitCode.SIGTERM


@contextmanager
def catch_stop_signals(first: Callable[[signal.Signals], None], second: Callable[[], None]) -> Iterator[None]:
    """Call ``first`` on the first SIGINT or SIGTERM and ``second`` on the next, on the running loop.

    After the second the default handlers stand again, so a third ends the process at once.
    """
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def handle(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            first(number)
            return
        uninstall()
        second()

    def uninstall() -> None:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        uninstall()
