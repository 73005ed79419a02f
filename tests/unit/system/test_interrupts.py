"""Stop signals that call a function."""

import signal

from provisioner.system.interrupts import STOP_SIGNALS, calling_on_stop


def test_stop_signals_call_and_raise_nothing_until_the_context_ends() -> None:
    """Each signal is passed on, and afterwards the handlers are those from before."""
    before = [signal.getsignal(each) for each in STOP_SIGNALS]
    received: list[signal.Signals] = []

    with calling_on_stop(received.append):
        for each in STOP_SIGNALS:
            signal.raise_signal(each)

    assert received == [*STOP_SIGNALS]
    assert [signal.getsignal(each) for each in STOP_SIGNALS] == before
