"""What a job's last run is doing, from what the ledger says of it."""

from collections.abc import Sequence

import pytest

from provisioner.commands.run_state import RunPhase, RunState, last_run_state, rate_now
from provisioner.ledger import RunActivity, RunNote, RunRecord
from provisioner.models import Counts

NOW = 10_000.0
NOTE = RunNote(command="run", to_send=100, ends_at=NOW + 500)


IDLE = RunActivity(0, None, ())
NO_ROWS = Counts()


def run(
    *, started: float = NOW - 60, ended: float | None = None, code: int | None = None, note: RunNote = NOTE
) -> RunRecord:
    """Return a run that began a minute ago."""
    return RunRecord("r", started, ended, code, "1", 7, note)


def state(
    *runs: RunRecord,
    held_since: float | None = None,
    activity: RunActivity = IDLE,
    counts: Counts = NO_ROWS,
) -> RunState | None:
    """Return the state of the last run."""
    return last_run_state(runs, lambda _run: activity, counts, held_since=held_since, now=NOW)


def test_a_run_without_an_end_is_at_work_only_while_it_holds_the_ledger() -> None:
    """It has died where nobody holds the ledger, and where the holder took it after that run had begun."""
    ended = state(run(ended=NOW - 10, code=5))
    working = state(run(), held_since=NOW - 61)
    alone = state(run())
    replaced = state(run(), held_since=NOW - 3)

    assert state() is None
    assert [each and each.phase for each in (ended, working, alone, replaced)] == [
        RunPhase.ENDED,
        RunPhase.RUNNING,
        RunPhase.DIED,
        RunPhase.DIED,
    ]
    assert ended is not None
    assert (ended.elapsed_s, ended.exit_code, "unknown" in ended.meaning) == (50, 5, True)


def test_the_time_left_follows_from_the_rate_of_now_and_for_a_load_test_from_its_schedule() -> None:
    """40 rows were sent and 2 are in flight, at 4 a second: 58 are left, and take 14.5 s."""
    recent = tuple(NOW - place / 4 for place in range(40))
    activity, counts = RunActivity(40, NOW, recent), Counts(in_flight=2)
    load = RunNote(command="load", to_send=100, ends_at=NOW + 30)

    sending = state(run(), held_since=0.0, activity=activity, counts=counts)
    testing = state(run(note=load), held_since=0.0, activity=activity, counts=counts)
    closing = state(run(note=RunNote(command="close")), held_since=0.0, activity=activity)

    assert sending is not None
    assert testing is not None
    assert closing is not None
    assert (sending.left, sending.rate_now, sending.left_s, sending.ends_at) == (58, 4.0, 14.5, NOW + 14.5)
    assert (testing.left, testing.left_s) == (58, 30.0)
    assert (closing.left, closing.rate_now) == (None, None)


@pytest.mark.parametrize(
    ("ago", "paused_s"),
    [
        ([30.0, 30.1, 30.2], 30.0),
        ([30.0], 30.0),
        ([9.0, 9.1, 9.2], None),
        ([30.0, 50.0, 70.0], None),
        ([], None),
    ],
)
def test_a_run_that_stands_still_is_paused_and_has_no_end(ago: Sequence[float], paused_s: float | None) -> None:
    """After 10 s, and three of its usual gaps: then nobody knows how long it takes. One that is done waits."""
    activity = RunActivity(len(ago), NOW, tuple(NOW - each for each in ago))
    done = RunNote(command="run", to_send=len(ago))

    paused = state(run(), held_since=0.0, activity=activity)
    ending = state(run(note=done), held_since=0.0, activity=activity)

    assert paused is not None
    assert ending is not None
    assert (paused.paused_s, ending.paused_s) == (paused_s, None)
    assert paused_s is None or (paused.left_s, paused.ends_at) == (None, None)


@pytest.mark.parametrize(
    ("ago", "rate"),
    [
        ([], None),
        ([1.0], None),
        ([0.0, 1.0, 2.0], 1.0),
        ([1.9, 2.9, 3.9], 1.0),
        ([8.0, 9.0, 10.0], 0.2),
        ([100.0, 101.0], 0.0),
        ([10.0, 30.0, 50.0], 0.05),
    ],
)
def test_the_rate_of_now_is_that_of_the_last_minute_and_falls_in_a_pause(
    ago: Sequence[float], rate: float | None
) -> None:
    """One start tells no rate; what is older than a minute counts as a standstill."""
    assert rate_now([NOW - each for each in ago], NOW) == (None if rate is None else pytest.approx(rate))
