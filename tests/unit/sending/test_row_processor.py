"""When conversations get the timers that close them."""

from dataclasses import dataclass, field

from provisioner.models import MessageStatus, Row, Status
from tests.fake_creator import Fault
from tests.fakes import FakeLedger
from tests.unit.sending.bench import Bench, Feed


@dataclass
class NotingTimers:
    """Keeps whose timer was set, and what was said in all conversations by then."""

    bench: Bench
    set_for: list[tuple[int, str]] = field(default_factory=list)
    said_before: list[int] = field(default_factory=list)

    async def set(self, row: Row) -> str:
        """Note it; the row is created durably by now."""
        assert self.bench.book.rows[row.id].status is Status.CREATED
        self.set_for.append((row.row, row.conversation_sid))
        self.said_before.append(len(self.bench.post_office.posted))
        return ""


def test_a_created_row_gets_its_timer_before_its_message() -> None:
    """Each conversation has one, by its own SID; a message comes behind it."""
    bench = Bench(rows=3, concurrency=1, row_loader=Feed(greeting="Hello from"))
    timers = bench.timers = NotingTimers(bench)

    bench.run()

    assert timers.set_for == list(enumerate(bench.server.created, start=1))
    assert timers.said_before == [0, 1, 2]
    assert bench.messages == [MessageStatus.POSTED] * 3


def test_only_what_was_created_gets_a_timer() -> None:
    """A refused row and one whose answer was lost have no conversation that anybody knows."""
    bench = Bench(rows=3, concurrency=1, faults=[Fault.INVALID, Fault.LOST, None])
    timers = bench.timers = NotingTimers(bench)

    bench.run()

    assert bench.statuses == [Status.REJECTED, Status.UNKNOWN, Status.CREATED]
    assert [row for row, _ in timers.set_for] == [3]


def test_a_row_that_was_created_before_only_gets_its_message() -> None:
    """A timer is set once, at the creation."""
    ledger = FakeLedger([Status.CREATED], sends=[Status.CREATED])
    ledger.owe(1, "CH" + 32 * "1")
    bench = Bench(rows=1, ledger=ledger, row_loader=Feed(greeting="Hello from"))
    timers = bench.timers = NotingTimers(bench)

    bench.run()

    assert bench.messages == [MessageStatus.POSTED]
    assert timers.set_for == []
