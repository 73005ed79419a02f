"""Stopping what is under way, and what comes after it."""

import pytest

from provisioner.errors import GuardError
from provisioner.runs.work_stop import WorkStop
from provisioner.sending import Stop, StopKind

TIME_IS_UP = Stop(StopKind.ASKED, GuardError("the time is up"))
TOO_MANY = Stop(StopKind.FAILURES, GuardError("too many failed"))


class Recorder:
    """A ``WorkStop`` and what its work is told, in order."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.stop = WorkStop(lambda: self.told.append("shown"))

    def drain(self, reason: Stop | None) -> None:
        """Note that the work is to drain."""
        self.told.append(reason)

    def cancel(self) -> None:
        """Note that the work is to be cancelled."""
        self.told.append("cancelled")


def test_a_stop_reaches_the_work_that_is_under_way_and_no_other() -> None:
    """Work that has ended is not touched any more; whoever shows the run is told of every stop."""
    recorder = Recorder()
    with recorder.stop.work(recorder.drain, recorder.cancel):
        recorder.stop.drain(TIME_IS_UP)
        recorder.stop.cancel()
    recorder.stop.drain()
    recorder.stop.cancel()

    assert recorder.told == ["shown", TIME_IS_UP, "cancelled", "shown"]


def test_work_that_begins_after_a_stop_is_drained_at_once_for_the_first_reason() -> None:
    """A stop between two rounds is not lost, and a later reason does not replace the first."""
    recorder = Recorder()
    recorder.stop.drain()
    recorder.stop.drain(TOO_MANY)
    recorder.stop.drain(TIME_IS_UP)
    with recorder.stop.work(recorder.drain):
        recorder.stop.cancel()

    assert recorder.stop.is_stopped
    assert recorder.stop.reason is TOO_MANY
    assert recorder.told == ["shown", "shown", "shown", TOO_MANY]


def test_work_that_fails_is_not_stopped_later() -> None:
    """An error ends the work as its end does."""
    recorder = Recorder()
    with pytest.raises(GuardError), recorder.stop.work(recorder.drain):
        raise GuardError("it failed")
    recorder.stop.drain(TOO_MANY)

    assert recorder.told == ["shown"]
