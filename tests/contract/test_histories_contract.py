"""What every ``HistoryStore`` does, the fake and the real ones alike, and what the real ones do besides."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger import Ledger, RowStore, open_ledger
from provisioner.models import HistoryEntry, HistoryMessage, HistoryReport, MessageCounts, MessageStatus, Status
from provisioner.rows import history_digests
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.fakes import FakeLedger
from tests.ledger_samples import CREATED, INPUT, LOST, POSTED, REFUSED, SETTINGS, THROTTLED, claim_all, entries

CHAT = [HistoryMessage("Ann", f"Hi {number}", "2025-03-01T10:00:00Z") for number in range(3)]
DIGESTS = tuple(history_digests(CHAT))
OWED = {MessageStatus.PENDING, MessageStatus.UNSENT}

Standing = Callable[[], MessageStatus | None]
OpenStore = Callable[[Path], AbstractAsyncContextManager[tuple[RowStore, Standing]]]


def entry(key: str, digests: tuple[bytes, ...] = DIGESTS) -> HistoryEntry:
    """Return the history of a key."""
    return HistoryEntry(key, 1, digests)


async def create(ledger: RowStore, row: int, *, owes_message: bool = True) -> None:
    """Create one of the rows."""
    await ledger.begin(row, owes_message=owes_message)
    await ledger.settle(row, Status.CREATED, structs.replace(CREATED, conversation_sid=f"CH{row:032x}"))


async def post(ledger: RowStore, row: int, *digests: bytes) -> None:
    """Post these messages of a row."""
    for digest in digests:
        await ledger.histories.begin(row, digest)
        await ledger.histories.settle(row, MessageStatus.POSTED, POSTED)


@asynccontextmanager
async def open_fake(_: Path) -> AsyncIterator[tuple[RowStore, Standing]]:
    """Set up the fake, with one row."""
    fake = FakeLedger([Status.PENDING])
    row = fake.rows[1]
    row.claim = structs.replace(row.claim, history_total=len(CHAT))
    yield fake, lambda: row.chat


@asynccontextmanager
async def open_real(kind: LedgerKind, folder: Path) -> AsyncIterator[tuple[RowStore, Standing]]:
    """Set up a real one, with one row."""
    async with planned(kind, folder, "k-1") as ledger:
        await ledger.histories.plan([entry("k-1")])
        yield ledger, lambda: kind.standing(folder)[0].history


@asynccontextmanager
async def planned(kind: LedgerKind, folder: Path, *keys: str) -> AsyncIterator[Ledger]:
    """Open a real ledger with rows of these keys in a run."""
    async with open_ledger(kind.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(keys), INPUT)
        await claim_all(ledger)
        yield ledger


@pytest.fixture(params=[open_fake, *(partial(open_real, kind) for kind in KINDS.values())], ids=["fake", *KINDS])
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """Open one of them."""
    opened: OpenStore = request.param
    return opened


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> LedgerKind:
    """Return a kind of real ledger."""
    chosen: LedgerKind = request.param
    return chosen


async def test_a_history_is_posted_with_its_last_message(tmp_path: Path, open_store: OpenStore) -> None:
    """It is in flight with each of them, and pending between them."""
    seen = []
    async with open_store(tmp_path) as (ledger, standing):
        await create(ledger, 1)
        for digest in DIGESTS:
            await ledger.histories.begin(1, digest)
            seen.append(standing())
            await ledger.histories.settle(1, MessageStatus.POSTED, POSTED)
            seen.append(standing())

    flying, waiting = MessageStatus.IN_FLIGHT, MessageStatus.PENDING
    assert seen == [flying, waiting, flying, waiting, flying, MessageStatus.POSTED]


@pytest.mark.parametrize(
    ("status", "answer"),
    [(MessageStatus.REJECTED, REFUSED), (MessageStatus.UNKNOWN, LOST), (MessageStatus.UNSENT, THROTTLED)],
)
async def test_a_message_that_is_not_posted_sets_the_status(
    tmp_path: Path, open_store: OpenStore, status: MessageStatus, answer: object
) -> None:
    """An intent that is taken back leaves it pending."""
    async with open_store(tmp_path) as (ledger, standing):
        await create(ledger, 1)
        await ledger.histories.begin(1, DIGESTS[0])
        await ledger.histories.release(1)
        before = standing()
        await ledger.histories.begin(1, DIGESTS[0])
        await ledger.histories.settle(1, status, answer)  # type: ignore[arg-type]

        assert (before, standing()) == (MessageStatus.PENDING, status)


async def test_a_row_owes_its_history_before_its_message(tmp_path: Path, kind: LedgerKind) -> None:
    """A claim says how far the history is; behind a rejected message, nothing is claimed and the rest is held."""
    async with planned(kind, tmp_path, "k-1", "k-2", "k-3") as ledger:
        await ledger.histories.plan([entry("k-1"), entry("k-2"), entry("k-3")])
        for row in (1, 2, 3):
            await create(ledger, row)
        await post(ledger, 1, *DIGESTS)
        await post(ledger, 2, DIGESTS[0])
        await ledger.histories.begin(3, DIGESTS[0])
        await ledger.histories.settle(3, MessageStatus.REJECTED, REFUSED)
        await ledger.set_claimable((), messages=OWED)
        claims = await ledger.claim(9)
        counts, messages = await ledger.histories.counts(), await ledger.messages.counts()
        owed = await ledger.histories.owed(), await ledger.histories.waiting()

    told = [(claim.row, claim.owed.split(), claim.history_posted, claim.history_total) for claim in claims]
    assert told == [(1, ["message"], 3, 3), (2, ["history", "message"], 1, 3)]
    assert counts == MessageCounts(posted=4, rejected=1, pending=2, held=2)
    assert messages == MessageCounts(pending=2, held=1)
    assert owed == (1, 2)


async def test_a_message_in_flight_is_unknown_after_a_kill_until_it_is_resolved(
    tmp_path: Path, kind: LedgerKind
) -> None:
    """The look-up's evidence is recorded, and the history goes on behind the message."""
    async with planned(kind, tmp_path, "k-1") as ledger:
        await ledger.histories.plan([entry("k-1")])
        await create(ledger, 1)
        await post(ledger, 1, DIGESTS[0])
        await ledger.histories.begin(1, DIGESTS[1])
    async with planned(kind, tmp_path, "k-1") as ledger:
        recovered = await ledger.recover()
        (doubt,) = await ledger.histories.unknown(0, 9)
        before = await ledger.histories.counts()
        await ledger.histories.resolve(1, MessageStatus.POSTED, POSTED)
        after = await ledger.histories.counts()

    assert (recovered, doubt.claim.history_posted, doubt.claim.conversation_sid) == (1, 1, f"CH{1:032x}")
    assert before == MessageCounts(posted=1, unknown=1, held=1)
    assert after == MessageCounts(posted=2, pending=1)


async def test_a_plan_tells_what_has_no_row_and_what_comes_too_late(tmp_path: Path, kind: LedgerKind) -> None:
    """Messages may be added until the first message is posted; a row that has none posted may lose its history."""
    async with planned(kind, tmp_path, "k-1", "k-2", "k-3") as ledger:
        await create(ledger, 1)
        await ledger.messages.begin(1)
        await ledger.messages.settle(1, MessageStatus.POSTED, POSTED)
        first = await ledger.histories.plan([entry("k-1"), entry("k-2", DIGESTS[:2]), entry("k-9")])
        await create(ledger, 2)
        await post(ledger, 2, *DIGESTS[:2])
        second = await ledger.histories.plan([entry("k-2"), entry("k-3")])
        third = await ledger.histories.plan([entry("k-2")])

    assert first == HistoryReport(chats=1, messages=2, unmatched=1, unmatched_lines=(1,), late=1)
    assert second == HistoryReport(chats=2, messages=6)
    assert third == HistoryReport(chats=1, messages=3)


async def test_a_plan_is_not_stored_when_posted_messages_have_changed(tmp_path: Path, kind: LedgerKind) -> None:
    """Those are compared by digest, the one in doubt among them; a rejected one may be another now."""
    other = tuple(history_digests([CHAT[0], *CHAT[:2]]))
    async with planned(kind, tmp_path, "k-1", "k-2") as ledger:
        await ledger.histories.plan([entry("k-1"), entry("k-2")])
        for row in (1, 2):
            await create(ledger, row)
            await post(ledger, row, DIGESTS[0])
            await ledger.histories.begin(row, DIGESTS[1])
        await ledger.histories.settle(1, MessageStatus.REJECTED, REFUSED)
        await ledger.histories.settle(2, MessageStatus.UNKNOWN, LOST)
        changed = await ledger.histories.plan([entry("k-1", other), entry("k-2", other)])
        gone = await ledger.histories.plan([entry("k-1", other)])
        kept = await ledger.histories.counts()
        same = await ledger.histories.plan([entry("k-1", other[:2]), entry("k-2")])

    assert (changed.changed, changed.changed_keys) == (gone.changed, gone.changed_keys) == (1, ("k-2",))
    assert kept == MessageCounts(posted=2, rejected=1, unknown=1, held=2)
    assert same == HistoryReport(chats=2, messages=5)
