"""How first messages are posted: right after the creation, as a step of their own, and never twice."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from provisioner.errors import GuardError
from provisioner.models import AttemptResult, Claim, Message, MessageStatus, Row, Status, Step
from provisioner.options import FailureLimit
from provisioner.ports.sending import Gate
from provisioner.sending import Stop, StopKind
from tests.fake_creator import Fault
from tests.fake_messenger import FakeMessenger
from tests.fakes import FakeLedger
from tests.unit.sending.bench import Bench, Feed

POSTED, PENDING, UNKNOWN = MessageStatus.POSTED, MessageStatus.PENDING, MessageStatus.UNKNOWN
REJECTED, UNSENT, IN_FLIGHT = MessageStatus.REJECTED, MessageStatus.UNSENT, MessageStatus.IN_FLIGHT


def greeting() -> Feed:
    """Let every row ask for a first message."""
    return Feed(greeting="Hello from")


def bodies(bench: Bench) -> list[str]:
    """Return what was said at the server, in its order."""
    return [message.body for message in bench.post_office.posted]


def test_every_created_row_gets_its_message_once() -> None:
    """More rows than a batch holds: each is created, and its guest says its own text in its own conversation."""
    bench = Bench(rows=150, row_loader=greeting())

    stop = bench.run()

    assert stop is None
    assert bench.statuses == [Status.CREATED] * 150
    assert bench.messages == [POSTED] * 150
    said = {message.author: message for message in bench.post_office.posted}
    assert len(said) == len(bench.post_office.posted) == 150
    for sid, request in bench.server.created.items():
        assert said[request.identity] == Message(sid, request.identity, request.first_message)
    assert len(bench.observer.message_outcomes) == 150
    assert bench.observer.in_flight == 0


def test_a_row_without_a_message_is_done_once_it_is_created() -> None:
    """Nothing is posted, and nothing of a message is recorded."""
    bench = Bench(rows=3)

    bench.run()

    assert bench.messages == [None] * 3
    assert bodies(bench) == []
    assert bench.message_pace.turns == 0


def test_the_intent_is_recorded_before_a_message_leaves() -> None:
    """When it passes its gate, the ledger already has it in flight, and its row created."""

    class Watching(FakeMessenger):
        async def post(self, message: Message, gate: Gate) -> AttemptResult:
            row = bench.book.rows[int(message.body.split()[-1])]
            assert (row.status, row.message) == (Status.CREATED, IN_FLIGHT)
            return await super().post(message, gate)

    bench = Bench(rows=5, row_loader=greeting(), messenger=Watching())

    bench.run()

    assert bench.messages == [POSTED] * 5


def test_a_message_follows_its_creation_on_the_same_worker() -> None:
    """With one worker, no second row is begun before the first one's message is settled."""
    bench = Bench(rows=2, row_loader=greeting(), concurrency=1)

    bench.run()

    steps = ["begin", "settle created", "begin message", "message posted"]
    assert bench.book.history == [(step, row) for row in (1, 2) for step in steps]
    assert bench.observer.departures == [Step.CREATE, Step.MESSAGE] * 2


@pytest.mark.parametrize(
    ("faults", "status", "attempts", "posted"),
    [
        ([Fault.INVALID], REJECTED, 1, 0),
        ([Fault.LOST], UNKNOWN, 1, 1),
        ([Fault.NAMELESS], UNKNOWN, 1, 1),
        ([Fault.SWALLOWED], UNKNOWN, 1, 0),
        ([Fault.THROTTLED], POSTED, 2, 1),
        ([Fault.UNREACHABLE, Fault.THROTTLED], POSTED, 3, 1),
        ([Fault.UNREACHABLE] * 3, UNSENT, 3, 0),
        ([Fault.THROTTLED] * 3, UNSENT, 3, 0),
        ([Fault.THROTTLED, Fault.LOST], UNKNOWN, 2, 1),
    ],
)
def test_only_what_was_certainly_not_posted_is_posted_again(
    faults: Sequence[Fault], status: MessageStatus, attempts: int, posted: int
) -> None:
    """Each kind of answer leads to its status, after as many attempts as are safe; the row stays created."""
    bench = Bench(rows=1, row_loader=greeting(), message_faults=faults)

    bench.run()

    assert (bench.statuses, bench.messages) == ([Status.CREATED], [status])
    assert [attempt for _, _, attempt in bench.observer.message_answers] == list(range(1, attempts + 1))
    assert len(bench.book.rows[1].posts) == attempts
    assert [(row, end) for row, end, _ in bench.observer.message_outcomes] == [(1, status)]
    assert len(bodies(bench)) == posted
    assert bench.observer.outcomes == [(1, Status.CREATED)]


@given(
    faults=st.lists(st.sampled_from([None, *Fault]), max_size=40),
    message_faults=st.lists(st.sampled_from([None, *Fault]), max_size=40),
    concurrency=st.integers(1, 4),
    resends_unknown=st.booleans(),
)
def test_no_sequence_of_answers_posts_a_message_twice(
    faults: list[Fault | None], message_faults: list[Fault | None], concurrency: int, *, resends_unknown: bool
) -> None:
    """Whatever comes back, each row has at most one message, even where rows may be resent blindly."""
    bench = Bench(
        rows=8,
        row_loader=greeting(),
        faults=faults,
        message_faults=message_faults,
        concurrency=concurrency,
        resends_unknown=resends_unknown,
    )

    bench.run()

    assert len(set(bodies(bench))) == len(bodies(bench))
    for row, standing in bench.book.rows.items():
        is_there = f"Hello from {row}" in bodies(bench)
        if standing.message is POSTED:
            assert is_there
        elif is_there:
            assert standing.message is UNKNOWN
        assert standing.message is not IN_FLIGHT


@given(
    faults=st.lists(st.sampled_from([None, Fault.THROTTLED, Fault.UNREACHABLE, Fault.LOST]), max_size=20),
    at=st.floats(0.0, 8.0),
    is_patient=st.booleans(),
)
def test_no_stop_posts_a_message_twice(faults: list[Fault | None], at: float, *, is_patient: bool) -> None:
    """Whenever the run is stopped, what was posted is posted or unknown, and what waits was not posted."""
    slow = SlowMessenger(FakeMessenger(faults))
    bench = Bench(rows=6, row_loader=greeting(), messenger=slow, concurrency=2)

    bench.run(lambda each: each.drain() if is_patient else each.cancel(), at=at)

    said = [message.body for message in slow.inner.posted]
    assert len(set(said)) == len(said)
    for row, standing in bench.book.rows.items():
        if standing.message in {PENDING, UNSENT, None}:
            assert f"Hello from {row}" not in said


class SlowMessenger(FakeMessenger):
    """Takes a second for every answer."""

    def __init__(self, inner: FakeMessenger) -> None:
        super().__init__()
        self.inner = inner

    async def post(self, message: Message, gate: Gate) -> AttemptResult:
        """Post, and answer a second later."""
        result = await self.inner.post(message, gate)
        await asyncio.sleep(1)
        return result


def test_a_429_makes_messages_give_way_and_nothing_else() -> None:
    """Messages have a pace of their own: creations go on while they pause."""
    bench = Bench(rows=1, row_loader=greeting(), message_faults=[Fault.THROTTLED, Fault.UNREACHABLE])

    bench.run()

    assert bench.message_pace.retry_afters == [None]
    assert bench.pace.retry_afters == []
    assert (bench.observer.message_pauses, bench.observer.pauses) == ([1.0], [])
    assert bench.message_pace.turns == 3
    assert bench.message_pace.accepted == 1


def test_a_row_that_is_created_already_gets_only_its_message() -> None:
    """It is not created again: its message goes to the conversation and guest that the ledger names."""
    ledger = FakeLedger([Status.PENDING] * 2)
    ledger.owe(1, "CH-known")
    bench = Bench(rows=2, row_loader=greeting(), ledger=ledger, concurrency=1)

    bench.run()

    assert bench.post_office.posted[0] == Message("CH-known", "guest-1", "Hello from 1")
    assert bench.names_created == ["Customer 2"]
    assert bench.messages == [POSTED] * 2
    assert [row for row, _ in bench.observer.outcomes] == [2]


def test_a_message_that_the_input_asks_for_no_more_is_dropped() -> None:
    """The row is created, and there is nothing left to do for it."""
    ledger = FakeLedger([Status.PENDING])
    ledger.owe(1, "CH-known")
    bench = Bench(rows=1, ledger=ledger)

    bench.run()

    assert (bench.messages, bodies(bench)) == ([None], [])


def test_a_guest_whom_nobody_can_name_says_nothing() -> None:
    """Where Twilio named no identity and none was asked for, the message is refused, with a word of ours."""

    class Nameless(Feed):
        async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
            made = await super().rows(claims)
            return [structs.replace(row, request=structs.replace(row.request, identity="")) for row in made]

    bench = Bench(rows=1, row_loader=Nameless(greeting="Hello from"))

    bench.run()

    assert bench.messages == [REJECTED]
    assert bench.observer.message_outcomes == [(1, REJECTED, "no_identity")]
    assert bench.message_pace.passed == 0


def test_credentials_that_may_not_post_stop_the_run() -> None:
    """A refusal that is the run's fault stops it; the message is unsent, not rejected."""
    bench = Bench(rows=9, row_loader=greeting(), message_faults=[Fault.FORBIDDEN], concurrency=1)

    stop = bench.run()

    assert stop is not None
    assert (stop.kind, type(stop.error)) == (StopKind.FAULT, GuardError)
    assert bench.statuses == [Status.CREATED] + [Status.PENDING] * 8
    assert bench.messages[0] is UNSENT


def test_a_canary_whose_message_is_refused_saves_the_others() -> None:
    """A thousand conversations without a flow are what the first row is there to prevent."""
    bench = Bench(rows=9, row_loader=greeting(), message_faults=[Fault.INVALID], canary=1)

    stop = bench.run()

    assert stop is not None
    assert stop.kind is StopKind.CANARY
    assert stop.error is not None
    assert stop.error.message.startswith("the first row was refused, so nothing else was sent: its message: ")
    assert bench.statuses == [Status.CREATED] + [Status.PENDING] * 8


def test_rows_whose_messages_fail_count_as_failed() -> None:
    """--max-failures stops at messages that were refused or lost as well."""
    limit = FailureLimit(count=2)
    faults = [Fault.INVALID, None, Fault.LOST]
    bench = Bench(rows=9, row_loader=greeting(), message_faults=faults, failures=limit, concurrency=1)

    stop = bench.run()

    assert isinstance(stop, Stop)
    assert stop.kind is StopKind.FAILURES
    assert bench.messages[:4] == [REJECTED, POSTED, UNKNOWN, None]


def test_a_drained_run_leaves_the_message_waiting() -> None:
    """Nothing new is sent after a stop: the row is created, and the next run posts its message."""

    class Stopping(FakeMessenger):
        async def post(self, message: Message, gate: Gate) -> AttemptResult:
            bench.message_pace.close()
            return await super().post(message, gate)

    bench = Bench(rows=1, row_loader=greeting(), messenger=Stopping())

    bench.run()

    assert (bench.statuses, bench.messages) == ([Status.CREATED], [PENDING])
    assert bench.book.history[-1] == ("release message", 1)


def test_a_message_that_has_left_when_all_is_cancelled_stays_in_flight() -> None:
    """Like after a crash: nobody knows, and nobody claims to."""
    slow = SlowMessenger(FakeMessenger())
    bench = Bench(rows=1, row_loader=greeting(), messenger=slow)

    bench.run(lambda dispatcher: dispatcher.cancel(), at=0.5)

    assert (bench.statuses, bench.messages) == ([Status.CREATED], [IN_FLIGHT])
    assert bench.observer.in_flight == 0
