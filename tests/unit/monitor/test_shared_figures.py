"""Figures of the workers of a shared run."""

from provisioner.models import MessageStatus, Status
from provisioner.models.reasons import ErrorReason
from provisioner.monitor import NO_FIGURES, RunFigures
from provisioner.monitor.shared_figures import added_figures, decode_figures, encode_figures

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
