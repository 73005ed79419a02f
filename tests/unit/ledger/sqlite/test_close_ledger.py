"""What the ledger keeps of a clean-up: who is left, what became of each, and every attempt."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import InputError
from provisioner.ledger import CloseLedger
from provisioner.ledger.sqlite.files import is_database
from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.models import Status
from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation
from tests.ledger_samples import CREATED, INPUT, SETTINGS, claim_all, entries, query
from tests.sids import conversation_sid

CLOSED = CloseResult(CloseStatus.CLOSED, due=1.0, sent=1.5, ended=2.0, http_status=200, twilio_request_id="RQ1")


def sid_of(key: str) -> str:
    """Return the SID of the conversation that a row of this letter became."""
    return conversation_sid(ord(key))


def close_result(closure: CloseStatus) -> CloseResult:
    """Return an attempt that came to this."""
    return structs.replace(CLOSED, status=closure)


async def make(ledger: SqliteLedger, keys: str = "abcd") -> None:
    """Create a row for each key but the last, which is rejected."""
    await ledger.plan(entries(keys), INPUT)
    *created, rejected = await claim_all(ledger)
    for claim in created:
        await ledger.begin(claim.id)
        result = structs.replace(CREATED, conversation_sid=sid_of(claim.key))
        await ledger.settle(claim.id, Status.CREATED, result)
    await ledger.begin(rejected.id)
    await ledger.settle(rejected.id, Status.REJECTED, structs.replace(CREATED, conversation_sid=""))


async def sids(close_ledger: CloseLedger) -> list[str]:
    """Return the SIDs that are left."""
    return [each.sid for each in await close_ledger.left(0, 100)]


async def test_only_what_was_created_is_left(path: Path) -> None:
    """In the order of the rows, page by page."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await make(ledger)
        close_ledger = ledger.closing(deletes=False)

        assert await close_ledger.left(0, 2) == [
            OpenConversation(1, sid_of("a")),
            OpenConversation(2, sid_of("b")),
        ]
        assert await close_ledger.left(2, 2) == [OpenConversation(3, sid_of("c"))]
        assert await close_ledger.counts() == {None: 3}


async def test_a_row_that_left_the_input_is_left_to_close(path: Path) -> None:
    """The job made its conversation, whatever the input says now."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await make(ledger)
        await ledger.plan(entries("a"), INPUT)

        assert await sids(ledger.closing(deletes=False)) == [sid_of("a"), sid_of("b"), sid_of("c")]


@pytest.mark.parametrize(
    ("closure", "is_left_to_close", "is_left_to_delete"),
    [
        (CloseStatus.CLOSED, False, True),
        (CloseStatus.DELETED, False, False),
        (CloseStatus.GONE, False, False),
        (CloseStatus.REFUSED, True, True),
        (CloseStatus.MAYBE, True, True),
        (CloseStatus.NOT_PROCESSED, True, True),
    ],
)
async def test_what_is_done_is_not_left(
    path: Path, closure: CloseStatus, *, is_left_to_close: bool, is_left_to_delete: bool
) -> None:
    """A closed one can be deleted yet; a deleted or vanished one needs nothing; the rest is tried again."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await make(ledger, "ab")
        closing, deleting = ledger.closing(deletes=False), ledger.closing(deletes=True)

        await closing.settle(1, close_result(closure), number=1)

        assert bool(await sids(closing)) is is_left_to_close
        assert bool(await sids(deleting)) is is_left_to_delete


async def test_every_attempt_is_kept_and_the_last_word_counts(path: Path) -> None:
    """A doubt that was cleared up leaves its attempt, and a row stays created."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await make(ledger, "ab")
        close_ledger = ledger.closing(deletes=True)
        await close_ledger.settle(1, close_result(CloseStatus.MAYBE), number=1)
        await close_ledger.settle(1, close_result(CloseStatus.NOT_PROCESSED), number=2)
        await close_ledger.settle(1, close_result(CloseStatus.DELETED), number=3)
        counts = await close_ledger.counts()

    attempts = "SELECT step, number, class, due, sent, ended, http_status, twilio_request_id FROM attempts"
    assert counts == {CloseStatus.DELETED: 1}
    assert query(path, f"{attempts} WHERE row_id = 1 AND step <> 'create'") == [
        ("delete", 1, "maybe", 1.0, 1.5, 2.0, 200, "RQ1"),
        ("delete", 2, "not_processed", 1.0, 1.5, 2.0, 200, "RQ1"),
        ("delete", 3, "deleted", 1.0, 1.5, 2.0, 200, "RQ1"),
    ]
    assert query(path, "SELECT status, conversation_sid FROM results WHERE row = 1") == [("created", sid_of("a"))]


async def test_a_fault_of_the_run_is_no_word_about_the_conversation(path: Path) -> None:
    """It stays as it was, and the attempt is kept."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await make(ledger, "ab")
        close_ledger = ledger.closing(deletes=False)

        await close_ledger.settle(1, structs.replace(close_result(CloseStatus.REFUSED), stops_run=True), number=1)

        assert await close_ledger.counts() == {None: 1}


async def test_a_list_that_breaks_off_is_not_taken_at_all(path: Path) -> None:
    """A results file that turns out to be none leaves no half of it."""

    def broken() -> Iterator[str]:
        yield sid_of("a")
        raise InputError("is broken", source="results.csv")

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        close_ledger = ledger.closing(deletes=False)

        with pytest.raises(InputError, match="is broken"):
            await close_ledger.import_conversations(broken())

        assert await sids(close_ledger) == []


async def test_a_ledger_is_known_by_its_first_bytes(path: Path, tmp_path: Path) -> None:
    """So that a results file is not taken for one, nor a name without a file."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.start_run(())
    other = tmp_path / "results.csv"
    other.write_text("row,line\n")

    assert [is_database(each) for each in (path, other, tmp_path / "gone")] == [True, False, False]
