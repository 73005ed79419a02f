"""What every ``Ledger`` does for one account of a job for many: its views have the rows of one account each."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger import Ledger, open_ledger
from provisioner.models import (
    Claim,
    Claimable,
    Counts,
    HistoryEntry,
    MessageCounts,
    MessageStatus,
    PlanEntry,
    Problem,
    SettingsCounts,
    SettingsStatus,
    Status,
)
from provisioner.models.closing import CloseResult, CloseStatus
from tests.contract.ledger_kinds import KINDS
from tests.ledger_samples import CREATED, INPUT, LOST, POSTED, REFUSED, SENDABLE, SETTINGS, TOO_LONG, entry, send
from tests.sids import conversation_sid

NORTH, SOUTH, EMPTY = (f"AC{number:032x}" for number in (1, 2, 3))
LATER = CREATED.ended + 1
CLOSED = CloseResult(CloseStatus.CLOSED, due=1.0, sent=1.5, ended=2.0, http_status=200)


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Open an empty ledger of each kind."""
    async with open_ledger(request.param.location(tmp_path), SETTINGS, version="1") as opened:
        yield opened


def entries_in(accounts: str, *invalid: int) -> list[PlanEntry]:
    """Return an entry in the north for each letter n and one in the south for each s; some rows are invalid.

    Their keys are n1, s2 and so on.
    """
    return [
        structs.replace(
            entry(row, f"{letter}{row}", None, *_problems(row in invalid)),
            account={"n": NORTH, "s": SOUTH}[letter],
        )
        for row, letter in enumerate(accounts, start=1)
    ]


def _problems(is_invalid: bool) -> Sequence[Problem]:
    return (TOO_LONG,) if is_invalid else ()


async def start(ledger: Ledger, accounts: str, *invalid: int) -> tuple[Ledger, Ledger]:
    """Plan these rows and start a run; return the views of the north and the south, to claim all of their rows."""
    await ledger.plan(entries_in(accounts, *invalid), INPUT)
    await ledger.start_run(SENDABLE)
    views = ledger.of_account(NORTH), ledger.of_account(SOUTH)
    for view in views:
        await view.set_claimable(SENDABLE)
    return views


async def create_all(view: Ledger, *, owes_message: bool = False, owes_settings: bool = False) -> Sequence[Claim]:
    """Create all rows of a view, for guests that are called as their keys; their rows number the conversations."""
    claims = await view.claim(100)
    for claim in claims:
        await view.begin(claim.id, claim.key, owes_message=owes_message, owes_settings=owes_settings)
        made = structs.replace(CREATED, conversation_sid=conversation_sid(claim.row), identity=claim.key)
        await view.settle(claim.id, Status.CREATED, made)
    return claims


def keys(claims: Sequence[Claim]) -> list[str]:
    """Return the keys of claims."""
    return [claim.key for claim in claims]


# Claims


async def test_a_view_claims_the_rows_of_its_account_in_input_order(ledger: Ledger) -> None:
    """Views claim beside each other; rows that are invalid or of no account are of no view."""
    north, south = await start(ledger, "nsnsns", 3)
    before = await north.to_send(), await south.to_send()
    claims = [*await south.claim(1), *await north.claim(1), *await south.claim(9), *await north.claim(9)]
    after = await north.to_send(), await south.to_send()

    assert before == (2, 3)
    assert keys(claims) == ["s2", "n1", "s4", "s6", "n5"]
    assert after == (0, 0)
    assert [list(await view.claim(9)) for view in (north, south)] == [[], []]


async def test_an_account_without_rows_has_an_empty_view(ledger: Ledger) -> None:
    """It is allowed: the file of accounts may have more accounts than the input names."""
    await start(ledger, "ns")
    view = ledger.of_account(EMPTY)
    await view.set_claimable(SENDABLE)

    assert (await view.to_send(), list(await view.claim(9)), await view.counts()) == (0, [], Counts())
    assert await view.latest_created(by_identity=False) is None


async def test_the_share_of_each_account_in_a_limit_is_known(ledger: Ledger) -> None:
    """The limit picks the first rows of the whole input; the accounts come in the order of their first rows."""
    await ledger.plan(entries_in("ssnsnn"), INPUT)
    await ledger.start_run(SENDABLE, limit=4)
    shares = await ledger.claimable_by_account()
    await ledger.claim(1)
    rest = await ledger.claimable_by_account()
    await ledger.set_claimable(SENDABLE)

    assert list(shares.items()) == [(SOUTH, Claimable(3, 0)), (NORTH, Claimable(1, 0))]
    assert rest == {SOUTH: Claimable(2, 0), NORTH: Claimable(1, 0)}
    assert await ledger.claimable_by_account() == {SOUTH: Claimable(3, 0), NORTH: Claimable(3, 0)}


async def test_created_rows_that_owe_something_count_for_their_account(ledger: Ledger) -> None:
    """They are told apart from rows that are to be created, for the whole job and in each view."""
    north, _ = await start(ledger, "nsn")
    await create_all(north, owes_message=True)
    owed = {MessageStatus.PENDING}
    await ledger.set_claimable(SENDABLE, messages=owed)
    await north.set_claimable(SENDABLE, messages=owed)

    assert await ledger.claimable_by_account() == {NORTH: Claimable(0, 2), SOUTH: Claimable(1, 0)}
    assert (await north.to_send(), await north.to_post()) == (0, 2)
    assert keys(await north.claim(9)) == ["n1", "n3"]


async def test_a_limit_of_a_view_is_its_own(ledger: Ledger) -> None:
    """What is set for one view changes neither the other views nor the ledger."""
    north, south = await start(ledger, "nsnsns")
    await north.set_claimable(SENDABLE, limit=1)

    assert [keys(await view.claim(9)) for view in (north, south)] == [["n1"], ["s2", "s4", "s6"]]
    assert keys(await ledger.claim(9)) == ["n1", "s2", "n3", "s4", "n5", "s6"]


async def test_a_job_for_one_account_has_no_account_to_share_by(ledger: Ledger) -> None:
    """Its rows name none."""
    await ledger.plan([entry(1, "a")], INPUT)
    await ledger.start_run(SENDABLE)

    assert await ledger.claimable_by_account() == {}


# Counts


async def test_a_view_counts_the_rows_of_its_account(ledger: Ledger) -> None:
    """Invalid rows are counted, too; what one view changes is counted by the ledger at once."""
    north, south = await start(ledger, "nsnss", 4)
    before = await ledger.counts()
    await create_all(north)
    (claim,) = await south.claim(1)
    await send(south, claim, Status.REJECTED)

    assert before == Counts(input=5, pending=4, invalid=1)
    assert await ledger.counts() == Counts(input=5, created=2, rejected=1, pending=1, invalid=1)
    assert await north.counts() == Counts(input=2, created=2)
    assert await south.counts() == Counts(input=3, rejected=1, pending=1, invalid=1)


async def test_what_follows_is_counted_for_its_account(ledger: Ledger) -> None:
    """First messages, settings and histories."""
    await ledger.plan(entries_in("nsn"), INPUT)
    await ledger.histories.plan(HistoryEntry(key, 1, (b"1", b"2")) for key in ("n1", "s2"))
    await ledger.start_run(SENDABLE)
    north, south = ledger.of_account(NORTH), ledger.of_account(SOUTH)
    for view in (north, south):
        await view.set_claimable(SENDABLE)
    first, _ = await create_all(north, owes_message=True, owes_settings=True)
    waiting = await south.histories.waiting()
    await create_all(south)
    await north.settings.settle(first.id, SettingsStatus.SET, POSTED)

    assert await north.messages.counts() == MessageCounts(pending=2)
    assert await south.messages.counts() == MessageCounts()
    assert await north.settings.counts() == SettingsCounts(set=1, pending=1)
    assert await south.settings.counts() == SettingsCounts()
    assert [await view.histories.owed() for view in (north, south)] == [1, 1]
    assert [await view.histories.counts() for view in (north, south)] == [MessageCounts(pending=2)] * 2
    assert (waiting, await ledger.histories.counts()) == (1, MessageCounts(pending=4))


# Look-ups


async def test_a_view_looks_up_the_rows_of_its_account(ledger: Ledger) -> None:
    """Unknown rows, unknown messages and unknown histories; the control row is one of the account."""
    await ledger.plan(entries_in("nsnsns"), INPUT)
    await ledger.histories.plan([HistoryEntry("s4", 1, (b"1",))])
    await ledger.start_run(SENDABLE)
    south = ledger.of_account(SOUTH)
    claims = await ledger.claim(9)
    for claim in claims[:2]:
        await ledger.begin(claim.id, "one guest")
        await ledger.settle(claim.id, Status.UNKNOWN, LOST)
    for claim in claims[2:]:
        await ledger.begin(claim.id, claim.key, owes_message=True)
        made = structs.replace(CREATED, conversation_sid=conversation_sid(claim.row), identity=claim.key)
        await ledger.settle(claim.id, Status.CREATED, made)
    for claim in claims[4:]:
        await ledger.messages.begin(claim.id)
        await ledger.messages.settle(claim.id, MessageStatus.UNKNOWN, LOST)
    await ledger.histories.begin(claims[3].id, b"1")
    await ledger.histories.settle(claims[3].id, MessageStatus.UNKNOWN, LOST)
    (unknown,) = await south.unknown(0, 9)
    controls = [await view.latest_created(by_identity=True) for view in (ledger.of_account(NORTH), south)]

    assert (unknown.key, unknown.is_shared) == ("s2", False)
    assert keys([each.claim for each in await south.messages.unknown(0, 9)]) == ["s6"]
    assert keys([each.claim for each in await south.histories.unknown(0, 9)]) == ["s4"]
    assert [control.key for control in controls if control] == ["n5", "s6"]


async def test_another_identity_is_held_against_its_account_only(ledger: Ledger) -> None:
    """Whether Twilio keeps the identity that is asked for depends on the flow of the account."""
    north, south = await start(ledger, "ns")
    await create_all(north)
    (claim,) = await south.claim(1)
    await south.begin(claim.id, "asked")
    await south.settle(claim.id, Status.CREATED, structs.replace(CREATED, identity="other"))

    assert [await view.trusts_identities() for view in (north, south, ledger)] == [True, False, False]


# Closing


async def test_a_view_closes_the_conversations_of_its_account(ledger: Ledger) -> None:
    """Those of rows that left the input, too."""
    north, south = await start(ledger, "nsns")
    for view in (north, south):
        await create_all(view)
    await ledger.plan(entries_in("ns"), INPUT)
    closing, other = south.closing(deletes=False), north.closing(deletes=True)
    opened = await closing.open_conversations(0, 9, created_before=LATER)
    first, second = await closing.left(0, 9)
    await closing.settle(first.id, CLOSED, number=1)
    await other.settle(
        (await other.left(0, 1))[0].id, structs.replace(CLOSED, status=CloseStatus.DELETED), number=1
    )
    guests = await closing.guests.left(0, 9)

    assert [each.sid for each in (first, second)] == [conversation_sid(2), conversation_sid(4)]
    assert list(opened) == [first, second]
    assert [guest.key for guest in guests] == ["s2"]
    assert await closing.guests.counts() == {None: 2}
    assert [await each.counts() for each in (closing, other)] == [
        {CloseStatus.CLOSED: 1, None: 1},
        {CloseStatus.DELETED: 1, None: 1},
    ]
    assert [await each.count_open() for each in (closing, other)] == [1, 1]
    assert [await each.has_deleted() for each in (closing, other)] == [False, True]
    assert await closing.sample_conversations(9) == [conversation_sid(2), conversation_sid(4)]


async def test_what_closing_cannot_find_is_counted_for_its_account(ledger: Ledger) -> None:
    """Rows with several conversations, and attempts that may have left one without a customer."""
    north, south = await start(ledger, "ns")
    (claim,) = await south.claim(1)
    await south.begin(claim.id)
    await south.settle(claim.id, Status.PENDING, structs.replace(REFUSED, may_leave_orphan=True))
    await south.begin(claim.id)
    await south.settle(claim.id, Status.CREATED, structs.replace(CREATED, error_code="duplicate"))
    closing, other = south.closing(deletes=False), north.closing(deletes=False)

    assert [await each.duplicates() for each in (closing, other)] == [1, 0]
    assert [await each.orphans() for each in (closing, other)] == [1, 0]


async def test_imported_conversations_belong_to_the_account_of_the_view(ledger: Ledger) -> None:
    """A results file with accounts is closed account by account, without a plan."""
    for number, account in enumerate((NORTH, SOUTH), start=1):
        await ledger.of_account(account).closing(deletes=False).import_conversations([conversation_sid(number)])
    views = [ledger.of_account(account).closing(deletes=False) for account in (NORTH, SOUTH, EMPTY)]
    left = [await each.left(0, 9) for each in views]

    assert [[each.sid for each in found] for found in left] == [
        [conversation_sid(1)],
        [conversation_sid(2)],
        [],
    ]
    assert await ledger.closing(deletes=False).counts() == {None: 2}
