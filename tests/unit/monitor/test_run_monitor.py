"""What a run tells of itself."""

import math
from dataclasses import dataclass

import pytest
import structlog

from provisioner.models import (
    AttemptResult,
    Counts,
    MessageStatus,
    Row,
    Status,
    Step,
    UnknownRow,
    Verdict,
    WebChatRequest,
)
from provisioner.models.reasons import ErrorReason
from provisioner.monitor import RateMeter, RunMonitor
from provisioner.monitor.close_monitor import CloseMonitor
from tests.clock import StillClock

ROW = Row(1, 1, "C-1", WebChatRequest(customer_friendly_name="Zoë Example"))


@dataclass
class Pace:
    """A speed limit that says what it is told to."""

    rate: float = 4.0
    paused_for: float = 0.0
    pause_reason: str = ""


def answer(
    verdict: Verdict, *, sent: float | None = 1.0, is_throttled: bool = False, orphan: bool = False
) -> AttemptResult:
    """Return an answer of which only the counted parts matter."""
    return AttemptResult(
        verdict=verdict, due=1, ended=2, sent=sent, is_throttled=is_throttled, may_leave_orphan=orphan
    )


@pytest.mark.parametrize("seconds", [1, 3, 12, 40])
def test_a_steady_pace_reads_as_that_pace(seconds: int) -> None:
    """The speed of late and the mean over all are right from the first second on."""
    rate_meter = RateMeter()

    for start in range(seconds * 4 + 1):
        rate_meter.count(100 + start / 4)

    assert rate_meter.speed(100 + seconds) == pytest.approx(4, rel=0.03)
    assert rate_meter.mean() == pytest.approx(4)
    assert rate_meter.total == seconds * 4 + 1


def test_a_standstill_has_no_speed() -> None:
    """Before the second departure and long after the last one there is nothing to show."""
    rate_meter = RateMeter()
    assert (rate_meter.speed(5), rate_meter.mean()) == (0, None)

    rate_meter.count(100)

    assert (rate_meter.speed(101), rate_meter.mean()) == (0, None)
    assert rate_meter.speed(200) == 0


def test_a_snapshot_adds_this_run_to_what_was_before() -> None:
    """Rows that were done earlier stay done, and the rest follows the outcomes."""
    clock, before = StillClock(100.0), Counts(input=10, created=4, invalid=1, rejected=1, pending=4)
    monitor = RunMonitor(before, to_send=4, pacer_status=Pace(), clock=clock)

    for status, verdict in ((Status.CREATED, Verdict.CREATED), (Status.UNKNOWN, Verdict.MAYBE)):
        monitor.request_started(Step.CREATE)
        monitor.request_finished()
        monitor.answered(ROW, answer(verdict), 1)
        monitor.settled(ROW, status, answer(verdict))
    monitor.request_started(Step.CREATE)
    clock.now = 102.0
    progress = monitor.snapshot()

    assert (progress.total, progress.done, progress.created, progress.rejected) == (10, 8, 5, 1)
    assert (progress.unknown, progress.unsent, progress.invalid, progress.in_flight) == (1, 0, 1, 1)
    assert progress.rate_now == pytest.approx(1)
    assert progress.eta_s == pytest.approx(2)
    assert progress.elapsed_s == 2


def test_rows_that_wait_for_another_run_are_counted_apart() -> None:
    """With --limit, or a schedule that ends before the rows do, the run is done when its own rows are."""
    before = Counts(input=20, created=4, unsent=3, pending=12, invalid=1)
    monitor = RunMonitor(before, to_send=5, pacer_status=Pace(), clock=StillClock(100.0))
    begun = monitor.snapshot()

    for _ in range(5):
        monitor.settled(ROW, Status.CREATED, answer(Verdict.CREATED))

    ended = monitor.snapshot()
    assert (begun.done, begun.total, begun.left_out) == (5, 10, 10)
    assert (ended.done, ended.total, ended.share) == (10, 10, 1.0)


def test_listeners_hear_every_answer_of_every_step() -> None:
    """Whoever measures a run is told of creations and of first messages."""
    monitor, heard = RunMonitor(Counts(), to_send=1, pacer_status=Pace(), clock=StillClock(100.0)), []
    monitor.listeners.append(lambda *told: heard.append(told))
    created, posted = answer(Verdict.CREATED), answer(Verdict.NOT_PROCESSED)

    monitor.answered(ROW, created, 1)
    monitor.message_answered(ROW, posted, 1)

    assert heard == [(Step.CREATE, ROW, created), (Step.MESSAGE, ROW, posted)]


def test_a_failed_connection_was_never_in_flight() -> None:
    """An attempt that never left does not leave the count of those in flight either, nor one that left in vain."""
    monitor = RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=Pace(), clock=StillClock(100.0))

    monitor.answered(ROW, answer(Verdict.NOT_PROCESSED, sent=None), 1)
    monitor.request_started(Step.CREATE)
    monitor.request_finished()
    monitor.answered(ROW, answer(Verdict.NOT_PROCESSED, sent=None), 2)

    assert monitor.snapshot().in_flight == 0
    assert monitor.rate_achieved is None


def test_429s_and_orphans_are_counted() -> None:
    """What the server turned away, and what it may have left behind, is told at the end."""
    monitor = RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=Pace(), clock=StillClock(100.0))

    monitor.request_started(Step.CREATE)
    monitor.answered(ROW, answer(Verdict.NOT_PROCESSED, is_throttled=True, orphan=True), 1)
    monitor.request_throttled(1.2, Step.CREATE)

    assert (monitor.throttled, monitor.orphans, monitor.snapshot().throttled) == (1, 1, 1)


def test_the_reasons_are_counted_by_status_and_code() -> None:
    """Rows that were not created are told by the code they share, the most frequent first."""
    monitor = RunMonitor(Counts(input=4, pending=4), to_send=4, pacer_status=Pace(), clock=StillClock(100.0))
    lost = AttemptResult(verdict=Verdict.MAYBE, due=1, ended=2, error_code="timeout", error="no answer in time")
    away = AttemptResult(
        verdict=Verdict.NOT_PROCESSED, due=1, ended=2, error_code="connect_failed", error="not there"
    )

    for status, each in ((Status.UNSENT, away), (Status.UNKNOWN, lost), (Status.UNKNOWN, lost)):
        monitor.settled(ROW, status, each)
    monitor.settled(ROW, Status.CREATED, answer(Verdict.CREATED))

    assert monitor.reasons == [
        ErrorReason(Status.UNKNOWN, "timeout", "no answer in time", 2),
        ErrorReason(Status.UNSENT, "connect_failed", "not there", 1),
    ]
    assert monitor.done == 4


def test_the_state_says_what_the_run_is_doing() -> None:
    """Sending, paused by a 429, draining after a stop, or done with the last row."""
    pace = Pace()
    monitor = RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=pace, clock=StillClock(100.0))

    states = [monitor.snapshot().state]
    pace.paused_for = 2.6
    states.append(monitor.snapshot().state)
    monitor.drain()
    states.append(monitor.snapshot().state)
    monitor.settled(ROW, Status.CREATED, answer(Verdict.CREATED))
    states.append(monitor.snapshot().state)

    assert states == ["sending", "paused 3 s (429)", "draining", "done"]


def test_a_drain_shows_the_time_that_is_left() -> None:
    """It is that of the stop signal, whatever else drains before or after; at its end nothing is left."""
    clock = StillClock(100.0)
    monitors: list[RunMonitor | CloseMonitor] = [
        RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=Pace(), clock=clock),
        CloseMonitor(1, speed_limit=Pace(), clock=clock),
    ]

    for monitor in monitors:
        states = []
        for limit_s, clock.now in ((math.inf, 100.0), (30.0, 103.5), (math.inf, 120.0)):
            monitor.drain(limit_s)
            states.append(monitor.snapshot().state)
        clock.now = 140.0
        states.append(monitor.snapshot().state)

        assert states == ["draining", "draining, 30 s left", "draining, 14 s left", "draining, 0 s left"]


OUTAGE = "paused: Twilio cannot be reached, next try in 30 s"


def test_a_twilio_out_of_reach_is_the_state_whatever_the_run_is_at() -> None:
    """While sending and while looking up it is what people have to know; a stop is more than that."""
    told = [OUTAGE]
    monitor = RunMonitor(
        Counts(input=1, pending=1), to_send=1, pacer_status=Pace(paused_for=2.0), outage=lambda: told[0]
    )
    closing = CloseMonitor(1, speed_limit=Pace(paused_for=2.0), outage=lambda: told[0])

    states = [monitor.snapshot().state, closing.snapshot().state]
    monitor.is_looking = True
    states.append(monitor.snapshot().state)
    told[0] = ""
    states += [monitor.snapshot().state, closing.snapshot().state]
    told[0], monitor.is_looking = OUTAGE, False
    monitor.drain()
    closing.drain()
    states += [monitor.snapshot().state, closing.snapshot().state]

    assert states == [*[OUTAGE] * 3, "looking up unknown rows", "paused 2 s (429)", *["draining"] * 2]


def test_no_log_event_holds_a_customers_data() -> None:
    """Whatever happens to a row, its name stays out of the log; its key and number are in it."""
    with structlog.testing.capture_logs() as events:
        monitor = RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=Pace(), clock=StillClock(100.0))
        monitor.request_started(Step.CREATE)
        monitor.answered(ROW, answer(Verdict.CREATED), 1)
        for status in (Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT):
            monitor.settled(ROW, status, answer(Verdict.CREATED))

    assert [event["event"] for event in events] == [
        "attempt.answered",
        "row.created",
        "row.rejected",
        "row.unknown",
        "row.unsent",
    ]
    assert all(event["row"] == 1 for event in events)
    assert "Zoë" not in repr(events)


GREETING = Row(1, 1, "C-1", WebChatRequest(first_message="I am Zoë Example"))


def test_messages_are_counted_apart_from_rows() -> None:
    """They are in flight like any request, and are no speed; a doubt is forgotten once it is settled."""
    monitor = RunMonitor(
        Counts(input=3, created=3), to_send=1, to_post=2, pacer_status=Pace(), clock=StillClock(100.0)
    )
    lost = AttemptResult(Verdict.MAYBE, due=1, ended=2, error_code="timeout", error="no answer")
    refused = AttemptResult(Verdict.REFUSED, due=1, ended=2, error_code="50377", error="closed")
    posted = AttemptResult(Verdict.CREATED, due=1, ended=2, message_sid="IM1")

    monitor.settled(GREETING, Status.CREATED, answer(Verdict.CREATED))
    states = [monitor.snapshot().state]
    monitor.request_started(Step.MESSAGE)
    monitor.request_finished()
    monitor.message_answered(GREETING, answer(Verdict.NOT_PROCESSED, is_throttled=True), 1)
    monitor.message_settled(1, "C-1", MessageStatus.UNKNOWN, lost)
    monitor.message_settled(2, "C-2", MessageStatus.REJECTED, refused)
    monitor.message_settled(3, "C-3", MessageStatus.POSTED, posted)
    states.append(monitor.snapshot().state)
    before = [str(reason) for reason in monitor.reasons]
    monitor.message_settled(1, "C-1", MessageStatus.PENDING, posted)
    states.append(monitor.snapshot().state)
    monitor.message_settled(1, "C-1", MessageStatus.POSTED, posted)

    assert states == ["posting first messages", "done", "posting first messages"]
    assert sorted(before) == [
        "1 first message rejected: 50377, closed",
        "1 first message unknown: timeout, no answer",
    ]
    assert [str(reason) for reason in monitor.reasons] == ["1 first message rejected: 50377, closed"]
    progress = monitor.snapshot()
    assert (progress.messages, progress.state, progress.throttled) == (2, "done", 1)
    assert monitor.rate_achieved is None
    assert monitor.done == 1


def test_where_no_message_is_asked_for_none_is_shown() -> None:
    """The display has no place for what there is not."""
    monitor = RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=Pace(), clock=StillClock(100.0))

    monitor.settled(ROW, Status.CREATED, answer(Verdict.CREATED))

    assert monitor.snapshot().messages is None


def test_no_log_event_holds_what_a_customer_says() -> None:
    """Messages are told by row, key and SID."""
    monitor = RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=Pace(), clock=StillClock(100.0))

    with structlog.testing.capture_logs() as events:
        monitor.message_answered(GREETING, answer(Verdict.CREATED), 1)
        for status in MessageStatus:
            monitor.message_settled(1, "C-1", status, answer(Verdict.CREATED))
        monitor.request_throttled(1.0, Step.MESSAGE)

    assert "Zo" not in str(events)
    assert {
        event["log_level"] for event in events if event["event"] in {"message.posted", "message.answered"}
    } == {"debug"}
    assert events[-1] == {
        "event": "pace.cut",
        "step": "message",
        "pause_s": 1.0,
        "rate": None,
        "log_level": "warning",
    }


def test_what_earlier_runs_left_in_doubt_is_told_from_what_this_one_did() -> None:
    """Rows that were lost in this run, and messages, were counted before; those of earlier runs come on top."""
    monitor = RunMonitor(Counts(input=9, unknown=4), to_send=1, pacer_status=Pace())
    came = answer(Verdict.MAYBE)
    monitor.settled(ROW, Status.UNKNOWN, came)
    monitor.message_settled(1, "C-1", MessageStatus.UNKNOWN, came)

    for number in (1, 2, 3):
        doubt = UnknownRow(id=number, row=number, key=f"C-{number}", since=1, lost_at=2)
        monitor.resolved(doubt, Status.PENDING, came)
    for number in (4, 5):
        doubt = UnknownRow(id=number, row=number, key=f"C-{number}", since=1, lost_at=2)
        monitor.resolved(doubt, Status.CREATED, came)
    for number in (1, 6):
        monitor.message_settled(number, f"C-{number}", MessageStatus.PENDING, came)

    absent, posts, owing = 2, 1, 2
    assert monitor.resendable_rows(owed=0) == absent + posts
    assert monitor.resendable_rows(owed=9) == absent + posts + owing
