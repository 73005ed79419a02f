"""What a run writes: runs, intents, outcomes, what an earlier run left, notes."""

import asyncio
import time
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import AttemptResult, Counts, Status, Verdict
from tests.ledger_samples import (
    ANSWERS,
    CREATED,
    INPUT,
    LOST,
    SENDABLE,
    SETTINGS,
    THROTTLED,
    claim_all,
    entries,
    query,
    send,
)
from tests.sids import conversation_sid


async def test_every_attempt_is_kept_with_its_evidence(path: Path) -> None:
    """Attempts are appended, numbered over all runs, each with everything its answer said."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        (claim,) = await claim_all(ledger)
        await send(ledger, claim, Status.PENDING)
        await send(ledger, claim, Status.UNSENT)
        (claim,) = await claim_all(ledger)
        await send(ledger, claim, Status.CREATED)

    throttled = (1.0, 1.5, 2.0, 429, "45780", "the limit of 5 a second", None, None, None, 1.5, 0, None)
    times = (1_700_000_000.0, 1_700_000_000.25, 1_700_000_000.5)
    created = (*times, 201, None, None, "CH" + 32 * "1", "wc-1", "RQ" + 32 * "2", None, 0, None)
    assert query(path, "SELECT * FROM attempts ORDER BY id") == [
        (1, 1, 1, "create", 1, "not_processed", *throttled),
        (2, 1, 1, "create", 2, "not_processed", *throttled),
        (3, 1, 2, "create", 3, "created", *created),
    ]


async def test_an_outcome_with_half_a_character_is_kept(path: Path) -> None:
    """A header that is no text does not cost the outcome it came with."""
    strange = structs.replace(CREATED, twilio_request_id="RQ\udcff", error="\ud800")
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        (claim,) = await claim_all(ledger)
        await ledger.begin(claim.id)
        await ledger.settle(claim.id, Status.CREATED, strange)

    assert query(path, "SELECT twilio_request_id, error FROM attempts") == [("RQ?", "?")]


async def test_what_a_dead_run_left_in_flight_is_unknown(path: Path) -> None:
    """Nobody knows what became of it, an attempt says so, and nothing else is touched."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abc"), INPUT)
        claims = await claim_all(ledger)
        await send(ledger, claims[0], Status.CREATED)
        await send(ledger, claims[1], Status.IN_FLIGHT)
    before = time.time()

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        recovered = [await ledger.recover(), await ledger.recover()]
        counts = await ledger.counts()

    assert recovered == [1, 0]
    assert counts == Counts(input=3, created=1, unknown=1, pending=1)
    attempts = "SELECT row_id, run, number, class, due, sent, error_code FROM attempts ORDER BY id"
    assert query(path, attempts)[1] == (2, 1, 1, "maybe", None, None, "interrupted")
    ((ended,),) = query(path, "SELECT ended FROM attempts WHERE row_id = 2")
    assert before <= ended <= time.time()
    with open_sqlite_reader(path) as reader:
        line = list(reader.results())[1]
    assert (line.status, line.error_code, line.attempts) == ("unknown", "interrupted", 1)
    assert line.error == "the run ended while this row was in flight: it may or may not have been created"


async def test_a_vanished_row_in_flight_is_recovered_too(path: Path) -> None:
    """A plan made before the recovery does not hide what was in flight."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        claims = await claim_all(ledger)
        await send(ledger, claims[0], Status.IN_FLIGHT)
        await ledger.plan(entries("b"), INPUT)

        assert await ledger.recover() == 1
        await ledger.plan(entries("ab"), INPUT)

        assert await ledger.counts() == Counts(input=2, unknown=1, pending=1)


async def test_a_cancelled_attempt_that_left_is_unknown_within_its_run(path: Path) -> None:
    """The run that was cut off recovers its own rows in the end."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        (claim,) = await claim_all(ledger)
        await ledger.begin(claim.id)

        assert await ledger.counts() == Counts(input=1, in_flight=1)
        await ledger.recover()

        assert await ledger.counts() == Counts(input=1, unknown=1)


async def test_counts_follow_every_write(path: Path) -> None:
    """A count that was kept is never older than the last word about a row."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        seen = [await ledger.counts()]
        await ledger.plan(entries("ab"), INPUT)
        seen.append(await ledger.counts())
        claims = await claim_all(ledger)
        await ledger.begin(claims[0].id)
        seen.append(await ledger.counts())
        await ledger.settle(claims[0].id, Status.CREATED, CREATED)
        await ledger.begin(claims[1].id)
        seen.append(await ledger.counts())
        await ledger.release([claims[1].id])
        seen.append(await ledger.counts())

    assert seen == [
        Counts(),
        Counts(input=2, pending=2),
        Counts(input=2, pending=1, in_flight=1),
        Counts(input=2, created=1, in_flight=1),
        Counts(input=2, created=1, pending=1),
    ]


async def test_a_count_asked_for_beside_a_write_is_not_kept_too_long(path: Path) -> None:
    """An answer from before a write is not given after it."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        claims = await claim_all(ledger)
        await asyncio.gather(ledger.counts(), *(ledger.begin(claim.id) for claim in claims), ledger.counts())

        assert await ledger.counts() == Counts(input=2, in_flight=2)


@pytest.mark.parametrize(("limit", "expected"), [(None, 4), (3, 3), (9, 4), (0, 0)])
async def test_the_rows_to_send_are_known_before(path: Path, limit: int | None, expected: int) -> None:
    """What a run will send is what it may send, up to its limit, and goes down as rows are handed out."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        before = await ledger.to_send()
        await ledger.plan(entries("abcd"), INPUT)
        await ledger.start_run(SENDABLE, limit=limit)
        at_first = await ledger.to_send()
        claims = await ledger.claim(1)
        later = await ledger.to_send()

    assert (before, at_first) == (0, expected)
    assert later == expected - len(claims)


async def test_nothing_is_handed_out_before_a_run_starts(path: Path) -> None:
    """A plan alone sends nothing."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)

        assert not await ledger.claim(10)


async def test_finishing_no_run_is_allowed(path: Path) -> None:
    """A run that ended before it started has nothing to record."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.set_notes(asked="{}")
        await ledger.finish_run(0)

    assert query(path, "SELECT count(*) FROM runs") == [(0,)]


UNREADABLE = structs.replace(LOST, http_status=201, error_code="bad_reply")
NOT_SEEN = AttemptResult(Verdict.MAYBE, due=1.5, ended=50.0, error_code="not_seen")


@pytest.mark.parametrize(
    ("lost", "looks", "expected"),
    [
        (LOST, [], (1.5, 31.5, False)),
        (UNREADABLE, [], (1.5, 31.5, True)),
        (LOST, [NOT_SEEN, NOT_SEEN], (1.5, 50.0, False)),
        (UNREADABLE, [structs.replace(NOT_SEEN, http_status=201)], (1.5, 50.0, True)),
        (structs.replace(LOST, http_status=503), [], (1.5, 31.5, False)),
    ],
)
async def test_looks_that_told_nothing_pass_on_what_the_next_one_needs(
    path: Path, lost: AttemptResult, looks: list[AttemptResult], expected: tuple[float, float, bool]
) -> None:
    """When the attempt left, and whether Twilio had confirmed it, is known after any number of looks."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        (claim,) = await claim_all(ledger)
        await ledger.begin(claim.id, "wc-a")
        await ledger.settle(claim.id, Status.UNKNOWN, lost)
        for look in looks:
            await ledger.resolve(claim.id, Status.UNKNOWN, look)
        (row,) = await ledger.unknown(0, 10)

    assert (row.since, row.lost_at, row.is_confirmed) == expected
    assert (row.id, row.row, row.key, row.identity) == (claim.id, 1, "a", "wc-a")


async def test_an_interrupted_attempt_left_after_its_run_began(path: Path) -> None:
    """Nobody noted when it left, so the start of its run is the earliest it can have been."""
    before = time.time()
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        (claim,) = await claim_all(ledger)
        await ledger.begin(claim.id, "wc-a")
        begun = time.time()
        await ledger.recover()
        (row,) = await ledger.unknown(0, 10)

    assert before <= row.since <= begun <= row.lost_at <= time.time()
    assert (row.identity, row.is_confirmed) == ("wc-a", False)


async def test_the_control_of_a_look_is_a_row_created_by_its_own_answer(path: Path) -> None:
    """A look that cannot show what certainly exists proves nothing; the latest such row is offered."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abc"), INPUT)
        none = await ledger.latest_created(by_identity=False)
        claims = await claim_all(ledger)
        await send(ledger, claims[0], Status.CREATED)
        await send(ledger, claims[1], Status.UNKNOWN)
        await ledger.resolve(claims[1].id, Status.CREATED, CREATED)
        control = await ledger.latest_created(by_identity=False)
        by_identity = await ledger.latest_created(by_identity=True)

    assert (none, by_identity) == (None, None)
    assert control is not None
    assert (control.id, control.key, control.since, control.lost_at) == (1, "a", CREATED.sent, CREATED.ended)


@pytest.mark.parametrize(
    ("asked", "answered", "is_control", "is_trusted"),
    [
        ("wc-1", "wc-1", True, True),
        ("wc-1", "", True, True),
        ("wc-1", "other", False, False),
        ("", "x", False, True),
    ],
)
async def test_an_identity_serves_as_control_only_where_twilio_kept_it(
    path: Path, asked: str, answered: str, *, is_control: bool, is_trusted: bool
) -> None:
    """One that was answered with another name ends the trust; one that was not asked for says nothing."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        before = await ledger.trusts_identities()
        (claim,) = await claim_all(ledger)
        await ledger.begin(claim.id, asked)
        await ledger.settle(claim.id, Status.CREATED, structs.replace(CREATED, identity=answered))
        control = await ledger.latest_created(by_identity=True)
        after = await ledger.trusts_identities()

    assert (before, after) == (True, is_trusted)
    assert (control is not None) is is_control
    assert control is None or control.identity == asked


async def test_one_row_that_was_named_otherwise_ends_the_trust_for_good(path: Path) -> None:
    """The rows before and after it change nothing about that, and those that kept theirs can be controls."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abc"), INPUT)
        for claim, answered in zip(await claim_all(ledger), ["wc-a", "other", "wc-c"], strict=True):
            await ledger.begin(claim.id, f"wc-{claim.key}")
            await ledger.settle(claim.id, Status.CREATED, structs.replace(CREATED, identity=answered))
        control = await ledger.latest_created(by_identity=True)

        assert control is not None
        assert control.key == "c"
        assert not await ledger.trusts_identities()


async def test_conversations_of_other_rows_are_known(path: Path) -> None:
    """A SID belongs to the row it was created or found for; one that was only seen belongs to nobody."""
    found = AttemptResult(Verdict.CREATED, due=1.5, ended=50.0, conversation_sid=conversation_sid(11))
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        claims = await claim_all(ledger)
        await send(ledger, claims[0], Status.CREATED)
        await send(ledger, claims[1], Status.UNKNOWN)
        await ledger.resolve(
            claims[1].id, Status.UNKNOWN, structs.replace(NOT_SEEN, conversation_sid=conversation_sid(12))
        )
        before = await ledger.assigned_conversations(
            [CREATED.conversation_sid, conversation_sid(11), conversation_sid(12), conversation_sid(13)]
        )
        await ledger.resolve(claims[1].id, Status.CREATED, found)
        after = await ledger.assigned_conversations(
            [CREATED.conversation_sid, conversation_sid(11), conversation_sid(12), conversation_sid(13)]
        )

        assert await ledger.assigned_conversations([]) == set()
    assert before == {CREATED.conversation_sid}
    assert after == {CREATED.conversation_sid, conversation_sid(11)}


async def test_rows_are_offered_anew_within_a_run(path: Path) -> None:
    """What looking proved absent is handed out from the first row on, as far as the limit goes."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abcd"), INPUT)
        claims = await claim_all(ledger)
        for claim in claims:
            await send(ledger, claim, Status.UNKNOWN)
        for claim in claims[:3]:
            await ledger.resolve(claim.id, Status.PENDING, NOT_SEEN)
        exhausted = await ledger.claim(10)
        await ledger.set_claimable({Status.PENDING}, limit=2)
        to_send = await ledger.to_send()
        offered = [await ledger.claim(10), await ledger.claim(10)]

    assert (list(exhausted), to_send) == ([], 2)
    assert [[claim.key for claim in batch] for batch in offered] == [["a", "b"], []]


@pytest.mark.parametrize("status", [Status.CREATED, Status.PENDING, Status.UNKNOWN])
async def test_a_look_up_is_evidence_and_no_attempt(path: Path, status: Status) -> None:
    """It is appended beside the attempts, gives the row its word, and is not counted."""
    look = AttemptResult(
        Verdict.CREATED, due=3.0, ended=4.0, conversation_sid="CH1", error="found by its identity"
    )
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        (claim,) = await claim_all(ledger)
        await send(ledger, claim, Status.UNKNOWN)
        await ledger.resolve(claim.id, status, look)

    assert query(path, "SELECT status, attempts, last_attempt FROM rows") == [(status.value, 1, 2)]
    assert query(path, "SELECT step, number, conversation_sid FROM attempts") == [
        ("create", 1, None),
        ("lookup", 1, "CH1"),
    ]


async def test_a_row_found_absent_is_sent_by_the_next_run(path: Path) -> None:
    """What certainly does not exist may be created."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        claims = await claim_all(ledger)
        await send(ledger, claims[0], Status.UNKNOWN)
        await send(ledger, claims[1], Status.CREATED)
        await ledger.resolve(claims[0].id, Status.PENDING, THROTTLED)

        assert [claim.key for claim in await claim_all(ledger)] == ["a"]


async def test_every_answer_can_be_settled(path: Path) -> None:
    """All samples of answers pass through unharmed."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(status.value for status in ANSWERS), INPUT)
        for claim, status in zip(await claim_all(ledger), ANSWERS, strict=True):
            await send(ledger, claim, status)

        assert await ledger.counts() == Counts(input=5, created=1, rejected=1, unsent=1, pending=1, unknown=1)
