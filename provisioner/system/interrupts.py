"""Stop signals, and stop signals raised as exceptions for work that blocks the event loop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask the process to stop."""


class Terminated(KeyboardInterrupt):
    """Raised by SIGTERM or SIGHUP (``signal``) while no event loop handles the stop signals."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def heeded_signals() -> tuple[signal.Signals, ...]:
    """Return the stop signals that must be handled: all, but not SIGHUP if it is ignored, as under ``nohup``."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return tuple(each for each in STOP_SIGNALS if each is not signal.SIGHUP)
    return STOP_SIGNALS


@contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise ``Terminated`` inside the context, unless an event loop handles them.

    Enter it on the main thread only; Python raises ``ValueError`` on any other.
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
    """Make every stop signal interrupt a call that blocks the event loop; asyncio would wait for its end.

    SIGINT raises ``KeyboardInterrupt``, the others ``Terminated``. Enter it on the main thread only; Python raises
    ``ValueError`` on any other.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with terminable():
            yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def calling_on_stop(call: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call ``call`` for every stop signal inside the context, which is not interrupted by an exception then.

    Enter it on the main thread only; Python raises ``ValueError`` on any other.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        call(signal.Signals(number))

    heeded = heeded_signals()
    before = [signal.signal(each, handle) for each in heeded]
    try:
        yield
    finally:
        for each, handler in zip(heeded, before, strict=True):
            signal.signal(each, handler)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated(number)
