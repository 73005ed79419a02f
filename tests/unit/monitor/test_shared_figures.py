"""Figures of the workers of a shared run."""

from dataclasses import dataclass

import pytest

from provisioner.models import AttemptResult, Counts, MessageStatus, Status, UnknownRow, Verdict
from provisioner.models.progress import LOOKING_UP, SENDING
from provisioner.models.reasons import ErrorReason
from provisioner.monitor import NO_FIGURES, RunFigures, RunMonitor
from provisioner.monitor.shared_figures import (
    added_figures,
    combined_rate,
    combined_state,
    decode_figures,
    encode_figures,
    progress_of_worker,
)
from tests.clock import StillClock

FIRST = RunFigures(
    done=3,
    reasons=[ErrorReason(Status.REJECTED, "45700", "refused", 2)],
    resolved_to={Status.CREATED: 1},
    throttled=1,
    most_in_flight=4,
    rate_achieved=2.5,
    settled={Status.CREATED: 2, Status.UNKNOWN: -1},
    messages=1,
    sent=4,
)
SECOND = RunFigures(
    done=2,
    reasons=[
        ErrorReason(Status.REJECTED, "45700", "refused", 3),
        ErrorReason(MessageStatus.HELD, "", "held", 1, of="first message"),
    ],
    ignores_identity=True,
    settled={Status.UNKNOWN: 2},
    sent=2,
)


@dataclass
class Pace:
    """A speed limit of 4/s."""

    rate: float = 4.0
    paused_for: float = 0.0
    pause_reason: str = ""


def test_a_worker_s_figures_are_stored_and_read_back() -> None:
    """All of them; no text means that it has sent nothing."""
    assert [decode_figures(encode_figures(each)) for each in (FIRST, SECOND)] == [FIRST, SECOND]
    assert decode_figures("") == NO_FIGURES


def test_the_figures_of_a_run_are_those_of_its_workers_added_up() -> None:
    """Equal reasons become one; a look-up at one worker takes away what another one has counted as unknown."""
    added = added_figures([FIRST, SECOND], rate_achieved=5.0)

    assert (added.done, added.sent, added.throttled, added.messages, added.rate_achieved) == (5, 6, 1, 1, 5.0)
    assert added.settled == {Status.CREATED: 2, Status.UNKNOWN: 1}
    assert added.resolved_to == {Status.CREATED: 1}
    assert [(each.code, each.rows) for each in added.reasons] == [("45700", 5), ("", 1)]
    assert added.ignores_identity


def test_rows_that_another_worker_has_looked_up_are_no_longer_told_as_unknown() -> None:
    """The worker that lost their answers has counted them; the one that looked them up takes them away."""
    lost = RunFigures(
        reasons=[ErrorReason(Status.UNKNOWN, "connection_lost", "cut", 3)], settled={Status.UNKNOWN: 3}
    )

    told = [
        [each.rows for each in added_figures([lost, found], rate_achieved=None).reasons]
        for found in (RunFigures(settled={Status.UNKNOWN: -2}), RunFigures(settled={Status.UNKNOWN: -3}))
    ]

    assert told == [[1], []]


def test_the_rate_of_all_workers_stays_within_that_of_the_account_when_one_joins() -> None:
    """Of 4/s for 10 s, one worker sent all for 6 s and half for 4 s; the other half is from one of 4 s."""
    assert combined_rate([(3.2, 10.0), (2.0, 4.0)]) == pytest.approx(4.0)
    assert combined_rate([]) == combined_rate([(0.0, 0.0)]) == 0.0


def test_a_run_is_in_the_state_of_its_workers() -> None:
    """Look-ups of one are those of the run, one that sends makes it a run that sends, and nobody is waited for."""
    assert combined_state([SENDING, LOOKING_UP]) == LOOKING_UP
    assert combined_state(["paused 3 s (429)", SENDING]) == SENDING
    assert combined_state(["paused 3 s (429)", "done"]) == "paused 3 s (429)"
    assert combined_state([""]) == SENDING  # a worker that has told nothing yet
    assert combined_state([]) == "waiting for workers"


def test_a_worker_shows_its_own_rows_only() -> None:
    """What the run had before is not its work; a row that it looked up for another one is not shown below zero."""
    before = Counts(input=10, created=4, unknown=1, pending=5)
    monitor = RunMonitor(before, to_send=5, pacer_status=Pace(), clock=StillClock(100.0))
    evidence = AttemptResult(verdict=Verdict.CREATED, due=1, ended=2)
    monitor.resolved(UnknownRow(id=1, row=1, key="C-1", since=1, lost_at=2), Status.CREATED, evidence)

    told = progress_of_worker(monitor)

    assert (told.created, told.unknown, told.invalid, told.done) == (1, 0, 0, 0)
    assert told.is_of_one_worker
