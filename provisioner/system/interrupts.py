"""Stop signals, and stop signals as exceptions for work that no event loop can stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came while no running loop had taken the signals over; ``signal`` says which."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def heeded_signals() -> tuple[signal.Signals, ...]:
    """Return the stop signals to act on: all, but for SIGHUP where it is ignored, as under ``nohup``."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return tuple(each for each in STOP_SIGNALS if each is not signal.SIGHUP)
    return STOP_SIGNALS


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise ``Terminated`` while the context lasts or until a running loop takes them over.

    To be entered on the main thread.
    """
    heeded = [each for each in heeded_signals() if each is not signal.SIGINT]
    before = [signal.signal(each, _terminate) for each in heeded]
    try:
        yield
    finally:
        for each, handler in zip(heeded, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let every stop signal end a call that blocks the running loop; asyncio would wait for it to return first.

    SIGINT raises ``KeyboardInterrupt`` and the others ``Terminated``. To be entered on the main thread.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with terminable():
            yield
    finally:
        signal.signal(signal.SIGINT, before)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated(number)
