"""Stop signals, sent for real: the first drains, the second cancels, and nothing is left behind."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from provisioner.errors import ExitCode
from provisioner.signals import STOP_SIGNALS, Brake, catch_stop_signals, interruptible


async def send(number: int) -> None:
    """Send this process a signal and let the loop handle it."""
    os.kill(os.getpid(), number)
    for _ in range(3):
        await asyncio.sleep(0)
    await asyncio.sleep(0.001)


def noting(calls: list[str], word: str) -> Callable[[], None]:
    """Return a function that notes its call."""
    return lambda: calls.append(word)


async def test_the_first_drains_the_second_cancels_and_the_third_is_the_systems() -> None:
    """After the second signal the handlers that were there before are back."""
    calls: list[str] = []

    with catch_stop_signals(lambda number: calls.append(number.name), noting(calls, "second")):
        await send(signal.SIGTERM)
        await send(signal.SIGINT)
        third = [signal.getsignal(number) for number in STOP_SIGNALS]

    assert calls == ["SIGTERM", "second"]
    assert third == [signal.default_int_handler, signal.SIG_DFL]


async def test_handlers_are_gone_with_the_context() -> None:
    """Whoever leaves the context leaves no handler behind, whether there was a signal or not."""
    with Brake(drain_s=30):
        pass

    assert [signal.getsignal(number) for number in STOP_SIGNALS] == [signal.default_int_handler, signal.SIG_DFL]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.SIGINT), (signal.SIGTERM, ExitCode.SIGTERM)]
)
async def test_a_brake_knows_which_signal_came(number: int, code: ExitCode) -> None:
    """The exit code follows the first signal, and is None before it."""
    with Brake(drain_s=30) as brake:
        before = brake.exit_code
        await send(number)
        after = brake.exit_code

    assert (before, after) == (None, code)


async def test_a_brake_stops_first_and_cancels_at_the_second() -> None:
    """What is held then is stopped by the first signal and cancelled by the second."""
    calls: list[str] = []

    with Brake(drain_s=30) as brake:
        brake.hold(noting(calls, "stop"), noting(calls, "cancel"))
        await send(signal.SIGTERM)
        stopped = list(calls)
        await send(signal.SIGTERM)

    assert stopped == ["stop"]
    assert calls == ["stop", "cancel"]


async def test_a_drain_that_takes_too_long_is_cancelled() -> None:
    """``drain_s`` after the first signal no second one is needed."""
    calls: list[str] = []

    with Brake(drain_s=0.01) as brake:
        brake.hold(noting(calls, "stop"), noting(calls, "cancel"))
        await send(signal.SIGINT)
        await asyncio.sleep(0.03)

    assert calls == ["stop", "cancel"]


async def test_a_signal_that_came_before_stops_what_comes_next() -> None:
    """Between two phases nothing is lost: the next one is stopped as soon as it is held."""
    calls: list[str] = []

    with Brake(drain_s=30) as brake:
        await send(signal.SIGINT)
        brake.hold(noting(calls, "stop"))

    assert calls == ["stop"]


async def test_a_released_brake_stops_nothing_and_remembers() -> None:
    """While the results are written a signal changes nothing, and neither does the end of the drain."""
    calls: list[str] = []

    with Brake(drain_s=0.01) as brake:
        brake.hold(noting(calls, "stop"), noting(calls, "cancel"))
        await send(signal.SIGINT)
        brake.release()
        await asyncio.sleep(0.03)
        await send(signal.SIGINT)

    assert calls == ["stop"]
    assert brake.exit_code is ExitCode.SIGINT


async def test_an_interruptible_call_ends_at_the_first_ctrl_c() -> None:
    """Where the loop is blocked, SIGINT raises there and then; afterwards the loop's own handler is back."""
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before
