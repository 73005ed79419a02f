"""Stop signals, sent for real: the first drains, the second cancels, and nothing is left behind."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from provisioner.cli.process_signals import ProcessSignals
from provisioner.errors import ExitCode, StoppedError, TerminatedError
from provisioner.signals import StopSignals
from provisioner.system.interrupts import STOP_SIGNALS, Terminated, interruptible


@pytest.fixture(autouse=True)
def _heeded_hangup() -> Iterator[None]:
    """Heed SIGHUP, also where the tests themselves run under ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def listening(*, drain_s: float = 30) -> Iterator[ProcessSignals]:
    """Act on the signals of this process."""
    stop_signals = ProcessSignals()
    with stop_signals.active(drain_s=drain_s):
        yield stop_signals


async def send(number: int) -> None:
    """Send this process a signal and let the loop handle it."""
    signal.raise_signal(number)
    for _ in range(3):
        await asyncio.sleep(0)


def noting(calls: list[str], word: str) -> Callable[[], None]:
    """Return a function that notes its call."""
    return lambda: calls.append(word)


async def test_the_first_drains_the_second_cancels_and_the_third_is_the_systems() -> None:
    """After the second signal the handlers that were there before are back."""
    calls: list[str] = []

    with listening() as stop_signals:
        stop_signals.on_stop(noting(calls, "first"), noting(calls, "second"))
        await send(signal.SIGTERM)
        await send(signal.SIGINT)
        third = [signal.getsignal(number) for number in STOP_SIGNALS]

    assert calls == ["first", "second"]
    assert third == [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]


async def test_handlers_are_gone_with_the_context() -> None:
    """Whoever leaves the context leaves no handler behind, whether there was a signal or not."""
    with listening():
        pass

    assert [signal.getsignal(number) for number in STOP_SIGNALS] == [
        signal.default_int_handler,
        signal.SIG_DFL,
        signal.SIG_DFL,
    ]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.SIGINT), (signal.SIGTERM, ExitCode.SIGTERM), (signal.SIGHUP, ExitCode.SIGTERM)],
)
async def test_a_brake_knows_which_signal_came(number: int, code: ExitCode) -> None:
    """The exit code follows the first signal, and is None before it."""
    with listening() as stop_signals:
        before = stop_signals.exit_code
        await send(number)
        after = stop_signals.exit_code

    assert (before, after) == (None, code)


async def test_a_brake_stops_first_and_cancels_at_the_second() -> None:
    """What is held then is stopped by the first signal and cancelled by the second."""
    calls: list[str] = []

    with listening() as stop_signals:
        stop_signals.on_stop(noting(calls, "stop"), noting(calls, "cancel"))
        await send(signal.SIGTERM)
        stopped = list(calls)
        await send(signal.SIGTERM)

    assert stopped == ["stop"]
    assert calls == ["stop", "cancel"]


async def test_a_drain_that_takes_too_long_is_cancelled() -> None:
    """``drain_s`` after the first signal no second one is needed."""
    calls: list[str] = []

    with listening(drain_s=0.01) as stop_signals:
        stop_signals.on_stop(noting(calls, "stop"), noting(calls, "cancel"))
        await send(signal.SIGINT)
        await asyncio.sleep(0.03)

    assert calls == ["stop", "cancel"]


async def test_a_signal_that_came_before_stops_what_comes_next() -> None:
    """Between two phases nothing is lost: the next one is stopped as soon as it is held."""
    calls: list[str] = []

    with listening() as stop_signals:
        await send(signal.SIGINT)
        stop_signals.on_stop(noting(calls, "stop"))

    assert calls == ["stop"]


async def test_a_released_brake_stops_nothing_and_remembers() -> None:
    """While the results are written a signal changes nothing, and neither does the end of the drain."""
    calls: list[str] = []

    with listening(drain_s=0.01) as stop_signals:

        def stop() -> None:
            calls.append("stop")
            stop_signals.clear()

        stop_signals.on_stop(stop, noting(calls, "cancel"))
        await send(signal.SIGINT)
        await asyncio.sleep(0.03)
        await send(signal.SIGINT)

    assert calls == ["stop"]
    assert stop_signals.exit_code is ExitCode.SIGINT


async def test_an_ignored_hangup_stays_ignored() -> None:
    """Under ``nohup`` the end of a terminal stops nothing, and what came before stays in place."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with listening() as stop_signals, interruptible():
        await send(signal.SIGHUP)

    assert stop_signals.exit_code is None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


async def test_an_interruptible_call_ends_at_the_first_stop_signal() -> None:
    """Where the loop is blocked, a signal raises there and then; afterwards the handlers of before are back."""
    before = [signal.getsignal(each) for each in STOP_SIGNALS]

    raised = list[KeyboardInterrupt]()
    for number in STOP_SIGNALS:
        with pytest.raises(KeyboardInterrupt) as caught, interruptible():
            signal.raise_signal(number)
        raised.append(caught.value)

    assert [type(each) for each in raised] == [KeyboardInterrupt, Terminated, Terminated]
    assert [each.signal for each in raised if isinstance(each, Terminated)] == [signal.SIGTERM, signal.SIGHUP]
    assert [signal.getsignal(each) for each in STOP_SIGNALS] == before


async def test_a_request_from_another_thread_stops_and_a_second_one_cancels() -> None:
    """A program that calls a command asks without a signal, and no handler of its process is touched."""
    calls: list[str] = []
    stop_signals = StopSignals()
    before = [signal.getsignal(each) for each in STOP_SIGNALS]

    with stop_signals.active(drain_s=30):
        stop_signals.on_stop(noting(calls, "stop"), noting(calls, "cancel"))
        meanwhile = [signal.getsignal(each) for each in STOP_SIGNALS]
        for _ in range(2):
            await asyncio.to_thread(stop_signals.request_stop)
            await asyncio.sleep(0)

    assert calls == ["stop", "cancel"]
    assert meanwhile == before
    assert stop_signals.exit_code is ExitCode.SIGINT


async def test_a_request_before_the_command_stops_it_at_its_first_step() -> None:
    """What asks too early is heard, and what asks too late disturbs nobody."""
    calls: list[str] = []
    stop_signals = StopSignals()

    stop_signals.request_stop(signal.SIGTERM)
    with stop_signals.active(drain_s=30):
        stop_signals.on_stop(noting(calls, "stop"))
    stop_signals.request_stop()

    assert calls == ["stop"]
    assert stop_signals.exit_code is ExitCode.SIGTERM


def test_what_was_stopped_early_ends_with_the_error_of_its_signal() -> None:
    """SIGINT and a plain request end alike; SIGTERM and SIGHUP have an exit code of their own."""
    for number, kind in ((signal.SIGINT, StoppedError), (signal.SIGTERM, TerminatedError)):
        stop_signals = StopSignals()
        stop_signals.request_stop(number)

        assert type(stop_signals.error()) is kind
        assert number.name in str(stop_signals.error())
