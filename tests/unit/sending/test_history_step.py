"""The follow-up that posts the messages of an old chat: in order, and only while there is a place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from provisioner.models import AttemptResult, HistoryLookup, HistoryMessage, MessageStatus, Status
from provisioner.ports.sending import Gate
from provisioner.sending import HistoryCalls
from tests.fake_creator import Fault
from tests.fake_messenger import FakeMessenger
from tests.fakes import FakeLedger
from tests.unit.sending.bench import Bench, Feed

CHAT = [HistoryMessage("Ann", f"Hi {number}", "2025-03-01T10:00:00Z") for number in range(3)]


@dataclass
class OldChats:
    """The same chat for every key, and a client that notes what it posts; its n-th attempt has the n-th fault."""

    faults: Iterable[Fault | None] = ()
    posted: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._office = FakeMessenger(self.faults)

    async def messages(self, key: str) -> Sequence[HistoryMessage]:
        """Return the chat."""
        assert key
        return CHAT

    async def post_history(self, conversation_sid: str, message: HistoryMessage, gate: Gate) -> AttemptResult:
        """Post one message."""
        before = len(self._office.posted)
        result = await self._office.post(message, gate)  # type: ignore[arg-type] # it only keeps it
        if len(self._office.posted) > before:
            self.posted.append((conversation_sid, message.body))
        return result

    async def find_history(self, conversation_sid: str, message: HistoryMessage) -> HistoryLookup:
        """Fail: sending looks nothing up."""
        raise AssertionError(conversation_sid, message)


def bench_of(chats: OldChats, *, concurrency: int = 4, posted: int | None = None) -> Bench:
    """Return a bench of two rows with a history and a first message; with ``posted``, they are created already."""
    ledger = FakeLedger([Status.PENDING] * 2)
    ledger.give_history(len(CHAT), posted=posted)
    bench = Bench(ledger=ledger, concurrency=concurrency, row_loader=Feed(greeting="Hello from"))
    bench.history = HistoryCalls(chats, chats)
    return bench


def chats_of(bench: Bench) -> list[MessageStatus | None]:
    """Return the status of every row's history."""
    return [row.chat for row in bench.book.rows.values()]


def test_all_messages_of_a_chat_come_before_the_first_message() -> None:
    """Each of them has its intent and its outcome in the ledger, one after the other."""
    chats = OldChats()
    bench = bench_of(chats)

    bench.run()

    events = [event for event, row in bench.book.history if row == 1]
    one = ["begin history", "history posted"]
    assert events == ["begin", "settle created", *one * 3, "begin message", "message posted"]
    first = next(iter(bench.server.created))
    assert [body for sid, body in chats.posted if sid == first] == ["Hi 0", "Hi 1", "Hi 2"]
    assert bench.observer.history_outcomes.count((1, MessageStatus.POSTED, "")) == 3


def test_a_chat_goes_on_behind_what_is_posted() -> None:
    """A row that was claimed for its history waits for no place."""
    chats = OldChats()
    bench = bench_of(chats, concurrency=1, posted=1)

    bench.run()

    assert [body for _, body in chats.posted] == ["Hi 1", "Hi 2"] * 2
    assert bench.messages == [MessageStatus.POSTED] * 2


def test_behind_a_message_that_is_not_posted_nothing_follows() -> None:
    """Refused or in doubt, the first message waits; what was certainly not posted is tried again."""
    for faults, end in (
        ((None, Fault.INVALID), MessageStatus.REJECTED),
        ((None, Fault.LOST), MessageStatus.UNKNOWN),
        ((Fault.THROTTLED,), MessageStatus.POSTED),
    ):
        bench = bench_of(OldChats(faults), concurrency=2)

        bench.run()

        first_of_both = sorted(map(str, bench.messages))
        if end is not MessageStatus.POSTED:
            assert end in chats_of(bench)
            assert MessageStatus.PENDING in first_of_both


def test_without_a_place_a_new_row_is_left_for_the_next_round() -> None:
    """Its conversation is created, its history is pending and nothing of it is posted."""
    chats = OldChats()
    bench = bench_of(chats, concurrency=1)

    bench.run()

    assert bench.statuses == [Status.CREATED] * 2
    assert chats.posted == []
    assert bench.messages == [MessageStatus.PENDING] * 2
