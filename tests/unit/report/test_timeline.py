"""A job's requests over time, from a ledger and from a run at work."""

from collections.abc import Sequence

import pytest

from provisioner.load import collect_metrics
from provisioner.models import AttemptRecord, AttemptResult, Verdict
from provisioner.report.live_recorder import LiveRecorder
from provisioner.report.timeline import MAX_BUCKETS, RequestTimes, Timeline
from tests.clock import StillClock


def record(row: int, due: float, sent: float, ended: float, verdict: str = "created") -> AttemptRecord:
    """Return one request."""
    return AttemptRecord(row, 1, verdict, due, sent, ended, 201 if verdict == "created" else 429, "")


def timeline(attempts: Sequence[AttemptRecord], *, start: float, end: float) -> Timeline:
    """Return the timeline of the attempts of one step."""
    times = RequestTimes(start=start, end=end)
    times.add(attempts)
    return times.timeline(collect_metrics(attempts), (0.5, 0.95))


def test_requests_are_arranged_by_when_they_were_due_left_and_ended() -> None:
    """Rates by due and sent, latencies by the end, in flight the most at once, even where nothing changed."""
    line = timeline(
        [
            record(1, 100.0, 100.0, 100.5),
            record(3, 101.0, 101.3, 101.4, verdict="not_processed"),
            record(2, 100.5, 101.2, 104.1),
            record(4, 101.0, 104.1, 104.2, verdict="not_processed")._replace(sent=None),
        ],
        start=100.0,
        end=104.1,
    )

    assert (line.start, line.width_s, line.offsets_s) == (100.0, 1, [0, 1, 2, 3, 4])
    assert [each.due for each in line.buckets] == [2, 1, 0, 0, 0]
    assert [each.sent for each in line.buckets] == [1, 2, 0, 0, 0]
    assert [each.throttled for each in line.buckets] == [0, 1, 0, 0, 0]
    assert [each.in_flight for each in line.buckets] == [1, 2, 1, 1, 1]
    assert line.percentile("due", 0.95) == [0.5, None, None, None, pytest.approx(3.6)]
    assert line.percentile("sent", 0.5) == [0.5, None, None, None, pytest.approx(2.9)]


def test_a_repeated_request_counts_from_when_the_first_was_due() -> None:
    """A customer has waited since then; from sent counts the request that succeeded."""
    line = timeline(
        [record(1, 10.0, 10.0, 10.1, verdict="not_processed"), record(1, 11.0, 11.0, 11.5)], start=10.0, end=11.5
    )

    assert line.percentile("due", 0.5) == [None, 1.5]
    assert line.percentile("sent", 0.5) == [None, 0.5]


def test_a_clock_that_was_set_moves_nothing_off_the_chart() -> None:
    """What a clock puts before the start or behind the end is told at the edge."""
    line = timeline([record(1, 90.0, 90.0, 120.0)], start=100.0, end=103.0)

    assert [each.sent for each in line.buckets] == [1, 0, 0, 0]
    assert line.percentile("due", 0.5) == [None, None, None, 30.0]


@pytest.mark.parametrize("length_s", [1, 239, 241, 5_000, 400_000])
def test_a_long_job_is_told_in_longer_stretches(length_s: int) -> None:
    """There are never more than a chart has room for."""
    end = float(length_s)

    line = timeline([record(1, 0.0, 0.0, 0.1), record(2, 0.0, 0.0, end)], start=0.0, end=end)

    assert len(line.buckets) <= MAX_BUCKETS
    assert line.buckets[-1].in_flight == 1


def test_a_tape_keeps_everything_in_bounded_memory() -> None:
    """A run of any length is told in so many stretches; nothing that was counted is lost when they are joined."""
    clock = StillClock()
    recorder = LiveRecorder(clock)
    for second in range(1000):
        recorder.record(AttemptResult(Verdict.CREATED, due=second, sent=second + 0.1, ended=second + 0.2))
    clock.now = 999.0
    recorder.note_in_flight(7)

    line = recorder.timeline()

    assert line is not None
    assert len(line.buckets) <= MAX_BUCKETS
    assert sum(each.sent for each in line.buckets) == 1000
    assert line.buckets[-1].in_flight == 7
    assert line.width_s == 8


def test_what_still_waits_is_not_told_as_not_due() -> None:
    """After the latest row that was heard of, nobody knows yet how many were due: the line ends there."""
    recorder = LiveRecorder(StillClock())
    for second in (0, 1, 2):
        recorder.record(AttemptResult(Verdict.CREATED, due=second, sent=second + 5, ended=second + 6))

    line = recorder.timeline()

    assert line is not None
    assert line.rates_due() == [1.0, 1.0, None, None, None, None, None, None, None]
    assert [each.sent for each in line.buckets] == [0, 0, 0, 0, 0, 1, 1, 1, 0]


def test_a_tape_notes_nothing_that_never_left() -> None:
    """A connection that failed is no request."""
    recorder = LiveRecorder(lambda: 0.0)
    recorder.record(AttemptResult(Verdict.NOT_PROCESSED, due=1.0, ended=2.0))

    assert recorder.timeline() is None


def test_a_clock_that_was_set_back_leaves_one_stretch() -> None:
    """The last request may have ended before the first was due; nothing is lost, and nothing fails."""
    line = timeline([record(1, 100.0, 100.0, 40.0)], start=100.0, end=40.0)

    assert [(each.due, each.sent) for each in line.buckets] == [(1, 1)]


def test_times_that_lie_ages_apart_need_few_stretches() -> None:
    """A time that is out of all proportion, as a damaged ledger may hold, makes a chart and no full memory."""
    line = timeline([record(1, 1.0, 1.0, 2.5e11)], start=1.0, end=2.5e11)

    assert len(line.buckets) <= MAX_BUCKETS + 1


def test_requests_in_flight_are_counted_whatever_order_they_were_recorded_in() -> None:
    """A ledger records answers of one moment in groups: one that is recorded late was no longer in flight."""
    attempts = [
        record(1, 0.0, 0.0, 2.5),
        record(2, 0.0, 0.0, 0.5, verdict="refused"),
        record(3, 1.0, 1.0, 1.5),
        record(4, 2.0, 2.0, 2.25),
    ]

    line = timeline(attempts, start=0.0, end=2.5)

    assert [each.in_flight for each in line.buckets] == [2, 2, 2]


def test_a_row_is_told_from_when_it_was_due_although_its_first_attempt_never_left() -> None:
    """The chart has the latencies of the table: waiting for a connection is waiting."""
    never_left = record(1, 10.0, 10.0, 10.5, verdict="not_processed")._replace(sent=None)

    line = timeline([never_left, record(1, 11.0, 11.0, 11.5)], start=10.0, end=11.5)

    assert line.percentile("due", 0.5) == [None, 1.5]
