"""How rows are sent: intent before send, bounded, retried where that is safe, and each settled once."""

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import GuardError, InputError, ProvisionerError, StorageError
from provisioner.models import AttemptResult, Status, Verdict, WebChatRequest
from provisioner.options import FailureLimit
from provisioner.ports.sending import Gate
from provisioner.sending import Dispatcher, Stop, StopKind
from tests.fake_creator import FakeCreator, Fault
from tests.fakes import FakeLedger, noted
from tests.free_pace import FreePace
from tests.unit.sending.bench import Bench, Feed, SlowCreator

CREATED, REJECTED, UNKNOWN, UNSENT = Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT
PENDING, IN_FLIGHT = Status.PENDING, Status.IN_FLIGHT


def test_every_row_is_created_once() -> None:
    """More rows than a batch holds, and every one comes out created, with one attempt and one conversation."""
    bench = Bench(rows=150)

    stop = bench.run()

    assert stop is None
    assert bench.statuses == [CREATED] * 150
    assert bench.attempts == [1] * 150
    assert sorted(bench.names_created) == sorted(f"Customer {row}" for row in range(1, 151))
    assert sorted(bench.observer.outcomes) == [(row, CREATED) for row in range(1, 151)]


def test_the_intent_is_recorded_before_anything_leaves() -> None:
    """When a request passes its gate, the ledger already has its row in flight."""

    class Watching(FakeCreator):
        async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> AttemptResult:
            row = bench.book.rows[int(request.customer_friendly_name.split()[1])]
            assert row.status is IN_FLIGHT
            return await super().create(request, gate)

    bench = Bench(rows=10, creator=Watching())

    bench.run()

    assert bench.statuses == [CREATED] * 10


@pytest.mark.parametrize(("ahead", "asked"), [(4, True), (64, False)])
def test_with_few_rows_ahead_each_is_taken_when_it_can_be_sent_soon(ahead: int, asked: bool) -> None:
    """Others may send what waits, so the pace is asked before a row is taken; else no time is lost with that."""

    class Asked(FreePace):
        vacancies = 0

        async def vacancy(self) -> None:
            self.vacancies += 1

    pace = Asked()
    bench = Bench(rows=20, ahead=ahead, pace=pace)

    bench.run()

    assert bench.statuses == [CREATED] * 20
    assert (pace.vacancies >= 20) is asked


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_are_in_flight_than_asked_for(concurrency: int) -> None:
    """The number of workers bounds the requests under way, and all of them work."""
    server = FakeCreator()
    bench = Bench(rows=12, creator=SlowCreator(server), concurrency=concurrency)

    bench.run()

    assert bench.observer.most_in_flight == concurrency
    assert bench.observer.in_flight == 0
    assert bench.seconds == 12 / concurrency


@pytest.mark.parametrize(
    ("faults", "status", "attempts"),
    [
        ([Fault.INVALID], REJECTED, 1),
        ([Fault.LOST], UNKNOWN, 1),
        ([Fault.NAMELESS], UNKNOWN, 1),
        ([Fault.THROTTLED], CREATED, 2),
        ([Fault.UNREACHABLE, Fault.THROTTLED], CREATED, 3),
        ([Fault.UNREACHABLE] * 3, UNSENT, 3),
        ([Fault.THROTTLED] * 3, UNSENT, 3),
        ([Fault.THROTTLED, Fault.LOST], UNKNOWN, 2),
    ],
)
def test_only_what_was_certainly_not_processed_is_sent_again(
    faults: Sequence[Fault], status: Status, attempts: int
) -> None:
    """Each kind of answer leads to its status, after as many attempts as are safe."""
    bench = Bench(rows=1, faults=faults)

    bench.run()

    assert (bench.statuses, bench.attempts) == ([status], [attempts])
    assert [attempt for _, _, attempt in bench.observer.answers] == list(range(1, attempts + 1))
    assert len(bench.book.rows[1].answers) == attempts


def test_every_retry_takes_a_turn_and_an_intent_of_its_own() -> None:
    """Retries pass the pacer like first attempts, and each is begun and settled in the ledger."""
    bench = Bench(rows=1, faults=[Fault.UNREACHABLE, Fault.THROTTLED])

    bench.run()

    assert bench.pace.turns == 3
    assert bench.book.history == [*[("begin", 1), ("settle pending", 1)] * 2, ("begin", 1), ("settle created", 1)]


def test_a_429_makes_everyone_give_way_and_other_answers_do_not() -> None:
    """The pacer hears of 429s and of answers that are none; a connection that failed says nothing of the pace."""
    bench = Bench(rows=3, faults=[Fault.THROTTLED, Fault.UNREACHABLE, Fault.INVALID], concurrency=1)

    bench.run()

    assert bench.pace.retry_afters == [None]
    assert bench.observer.pauses == [1.0]
    assert bench.pace.accepted == 3


def test_an_unreachable_server_is_given_time() -> None:
    """Between two attempts of a row that never left there is a pause that grows; a throttled row has none."""
    unreachable = Bench(rows=1, faults=[Fault.UNREACHABLE] * 2)
    throttled = Bench(rows=1, faults=[Fault.THROTTLED] * 2)

    unreachable.run(at=60)
    throttled.run(at=60)

    assert 0.25 + 0.5 <= unreachable.seconds <= 0.5 + 1.0
    assert throttled.seconds == 0


def test_the_canary_goes_first_and_alone() -> None:
    """The first rows are sent one after the other, and the rest together once one of them lives."""
    server = FakeCreator([Fault.INVALID])
    bench = Bench(rows=10, creator=SlowCreator(server), canary=2, concurrency=8)

    stop = bench.run()

    assert stop is None
    assert bench.statuses == [REJECTED] + [CREATED] * 9
    assert bench.seconds == 2 + 1


@pytest.mark.parametrize(("canary", "words"), [(1, "the first row was refused"), (3, "the first 3 rows were all")])
def test_a_canary_that_is_all_refused_stops_the_run(canary: int, words: str) -> None:
    """Nothing else is sent, and the error tells the last refusal."""
    bench = Bench(rows=10, faults=[Fault.INVALID] * 10, canary=canary)

    stop = bench.run()

    assert stop is not None
    assert stop.kind is StopKind.CANARY
    assert stop.error is not None
    assert words in stop.error.message
    assert bench.statuses == [REJECTED] * canary + [PENDING] * (10 - canary)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNREACHABLE])
def test_a_canary_that_was_not_refused_lets_the_others_go(fault: Fault) -> None:
    """A lost reply or a bad connection says nothing about the configuration."""
    bench = Bench(rows=3, faults=[fault] * 3 if fault is Fault.UNREACHABLE else [fault], canary=1)

    stop = bench.run()

    assert stop is None
    assert bench.statuses[1:] == [CREATED] * 2


def test_fewer_rows_than_canaries_are_all_canaries() -> None:
    """A canary larger than the job is the job."""
    bench = Bench(rows=2, canary=5)

    assert bench.run() is None
    assert bench.statuses == [CREATED] * 2


def test_a_fault_of_the_run_stops_it_and_lets_finish_what_flies() -> None:
    """Its row is unsent, for the fault is not the row's; nothing new starts, and who flies is settled."""
    server = FakeCreator([None, Fault.FORBIDDEN])
    bench = Bench(rows=9, creator=SlowCreator(server), concurrency=3)

    stop = bench.run(at=60)

    assert stop is not None
    assert stop.kind is StopKind.FAULT
    assert isinstance(stop.error, GuardError)
    assert bench.statuses == [CREATED, UNSENT, CREATED] + [PENDING] * 6


@pytest.mark.parametrize(
    ("limit", "failed"), [(FailureLimit(count=2), 2), (FailureLimit(share=0.3), 3), (FailureLimit(share=0.01), 1)]
)
def test_too_many_failures_stop_the_run(limit: FailureLimit, failed: int) -> None:
    """Refused and lost rows count together, against a number or a share of the rows to send."""
    bench = Bench(rows=10, faults=[None, Fault.INVALID, Fault.LOST] * 4, failures=limit, concurrency=1)

    stop = bench.run()

    assert stop is not None
    assert stop.kind is StopKind.FAILURES
    assert sum(status in {REJECTED, UNKNOWN} for status in bench.statuses) == failed
    assert PENDING in bench.statuses


def test_draining_starts_nothing_and_finishes_what_flies() -> None:
    """After a drain the requests under way are settled, and every other row is as it was."""
    bench = Bench(rows=9, creator=SlowCreator(FakeCreator()), concurrency=3)

    stop = bench.run(lambda dispatcher: dispatcher.drain(), at=1.5)

    assert stop is not None
    assert (stop.kind, stop.error) == (StopKind.ASKED, None)
    assert bench.statuses == [CREATED] * 6 + [PENDING] * 3
    assert bench.seconds == 2
    assert bench.attempts == [1] * 6 + [0] * 3


def test_draining_takes_back_the_intents_of_who_waits_at_the_gate() -> None:
    """Who has not left is sent by the next run, as if it had never been begun."""
    bench = Bench(rows=4, pace=FreePace(is_held=True), concurrency=2)

    bench.run(lambda dispatcher: dispatcher.drain())

    assert bench.statuses == [PENDING] * 4
    assert bench.attempts == [0] * 4
    assert bench.names_created == []


def test_draining_cuts_a_pause_between_attempts_short() -> None:
    """A row that waits for its next attempt is let go, unsettled, at once."""
    bench = Bench(rows=1, faults=[Fault.UNREACHABLE] * 9, max_attempts=9)

    bench.run(lambda dispatcher: dispatcher.drain(), at=0.1)

    assert bench.seconds == pytest.approx(0.1)
    assert bench.statuses == [PENDING]


def test_the_first_reason_to_stop_stands() -> None:
    """A signal while a guard's stop drains does not hide the guard's message."""
    guard = Stop(StopKind.FAULT, GuardError("wrong address"))

    def meddle(dispatcher: Dispatcher) -> None:
        dispatcher.drain(guard)
        dispatcher.drain()

    bench = Bench(rows=9, creator=SlowCreator(FakeCreator()), concurrency=3)

    assert bench.run(meddle) is guard


def test_cancelling_leaves_in_flight_what_has_left_and_nothing_else() -> None:
    """What was sent and not answered stays in flight in the ledger, like after a crash."""
    bench = Bench(rows=9, creator=SlowCreator(FakeCreator()), concurrency=3)

    stop = bench.run(lambda dispatcher: dispatcher.cancel(), at=1.5)

    assert stop is not None
    assert stop.kind is StopKind.ASKED
    assert bench.statuses == [CREATED] * 3 + [IN_FLIGHT] * 3 + [PENDING] * 3
    assert bench.seconds == pytest.approx(1.5)
    assert bench.observer.in_flight == 0


def test_cancelling_takes_back_the_intents_of_who_waits() -> None:
    """A request that was connecting or waiting for its turn was never sent, and the ledger says so."""

    class Connecting(FakeCreator):
        async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> AttemptResult:
            await asyncio.Event().wait()
            return await super().create(request, gate)

    bench = Bench(rows=3, creator=Connecting(), concurrency=2)

    bench.run(lambda dispatcher: dispatcher.cancel())

    assert bench.statuses == [PENDING] * 3
    assert bench.attempts == [0] * 3


def test_a_changed_input_stops_the_run_and_lets_finish_what_flies() -> None:
    """No row of a changed source is sent, and no request under way is given up for it."""
    bench = Bench(rows=130, row_loader=Feed(spoilt_from=100), creator=SlowCreator(FakeCreator()), concurrency=10)

    stop = bench.run(at=600)

    assert stop is not None
    assert stop.kind is StopKind.INPUT
    assert isinstance(stop.error, InputError)
    assert bench.statuses == [CREATED] * 64 + [PENDING] * 66


class FullLedger(FakeLedger):
    """Takes a few outcomes and then no more."""

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Settle the first four rows."""
        if claim_id > 4:
            return noted(StorageError("no room is left on the disk"))
        return super().settle(claim_id, status, result)


def test_a_ledger_that_takes_nothing_more_ends_the_run_with_its_own_error() -> None:
    """The error is not wrapped, and what could not be settled stays in flight, to be unknown."""
    bench = Bench(rows=20, ledger=FullLedger([PENDING] * 20), creator=SlowCreator(FakeCreator()), concurrency=3)

    with pytest.raises(StorageError, match="no room"):
        bench.run(at=60)

    assert bench.statuses[:4] == [CREATED] * 4
    assert set(bench.statuses[4:]) == {IN_FLIGHT, PENDING}


class LateLedger(FakeLedger):
    """Finds out late that an outcome cannot be written, when the next row is on its way already."""

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Fail with the second row, a second later."""
        if claim_id != 2:
            return super().settle(claim_id, status, result)
        late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(1.5, late.set_exception, StorageError("no room is left on the disk"))
        return late


def test_an_outcome_that_turns_out_not_to_be_written_ends_the_run_as_well() -> None:
    """Nothing new is started from then on, what flies is settled, and no such outcome is reported."""
    bench = Bench(rows=9, ledger=LateLedger([PENDING] * 9), creator=SlowCreator(FakeCreator()), concurrency=1)

    with pytest.raises(StorageError, match="no room"):
        bench.run(at=60)

    assert bench.statuses == [CREATED, IN_FLIGHT, CREATED, CREATED] + [PENDING] * 5
    assert [row for row, _ in bench.observer.outcomes] == [1, 3, 4]


def test_a_bug_in_who_is_told_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not left to the event loop, which would go on as if all were well, and print what it was told of."""
    bench = Bench(rows=3)

    def fall(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.observer, "settled", fall)

    with pytest.raises(ZeroDivisionError):
        bench.run()


def test_a_bug_is_not_disguised() -> None:
    """What nobody foresaw comes out as it is, for the log."""

    class Broken(FakeCreator):
        async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> NoReturn:
            raise ZeroDivisionError

    bench = Bench(rows=3, creator=Broken())

    with pytest.raises(BaseExceptionGroup) as caught:
        bench.run()

    assert caught.group_contains(ZeroDivisionError)
    assert not caught.group_contains(ProvisionerError)


@given(st.lists(st.sampled_from([None, *(set(Fault) - {Fault.FORBIDDEN})]), max_size=60), st.integers(1, 5))
def test_no_sequence_of_answers_creates_a_row_twice(faults: list[Fault | None], concurrency: int) -> None:
    """Whatever comes back, every row ends settled, is on the server once at most, and a doubt is its last word."""
    bench = Bench(rows=20, faults=faults, concurrency=concurrency)

    bench.run(at=6_000)

    assert len(bench.names_created) == len(set(bench.names_created))
    assert set(bench.statuses) <= {CREATED, REJECTED, UNKNOWN, UNSENT}
    for row in bench.book.rows.values():
        verdicts = [result.verdict for result in row.answers]
        assert all(verdict is Verdict.NOT_PROCESSED for verdict in verdicts[:-1])
        assert (row.status is CREATED) == (verdicts[-1] is Verdict.CREATED)
        assert (row.status is UNKNOWN) == (verdicts[-1] is Verdict.MAYBE)
