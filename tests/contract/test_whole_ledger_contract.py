"""What every ``Ledger`` does besides handing rows out: plan, recover, look up, close, be read, keep notes."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import InputError, LedgerBusyError, LedgerError, OtherJobError
from provisioner.ledger import (
    JobNotes,
    Ledger,
    RunNote,
    ThresholdNote,
    is_ledger,
    last_judged,
    open_ledger,
    open_reader,
)
from provisioner.models import (
    AttemptResult,
    Counts,
    Fingerprint,
    MessageCounts,
    MessageStatus,
    PlanEntry,
    PlanReport,
    Problem,
    SharedConversation,
    Status,
    Verdict,
)
from provisioner.models.closing import (
    CloseResult,
    CloseStatus,
    ConversationState,
    Guest,
    OpenConversation,
    StateResult,
)
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.ledger_samples import (
    CREATED,
    INPUT,
    LOST,
    POSTED,
    REFUSED,
    SENDABLE,
    SETTINGS,
    TOO_LONG,
    claim_all,
    entries,
    entry,
    send,
)
from tests.sids import conversation_sid

ABSENT = AttemptResult(Verdict.REFUSED, due=3.0, sent=3.5, ended=4.0, http_status=200, error_code="absent")
CLOSED = CloseResult(CloseStatus.CLOSED, due=1.0, sent=1.5, ended=2.0, http_status=200)


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> LedgerKind:
    """Return a kind of ledger."""
    chosen: LedgerKind = request.param
    return chosen


Open = Callable[[], AbstractAsyncContextManager[Ledger]]


@pytest.fixture
def opened(kind: LedgerKind, tmp_path: Path) -> Open:
    """Open the ledger of one job, again and again."""
    return lambda: open_ledger(kind.location(tmp_path), SETTINGS, version="1")


def created_as(number: int, identity: str = "") -> AttemptResult:
    """Return the answer that created the conversation of this number."""
    return structs.replace(CREATED, conversation_sid=conversation_sid(number), identity=identity)


async def create(ledger: Ledger, keys: str, *, owes_message: bool = False) -> None:
    """Plan a row for each letter, and create conversations 1, 2, 3… of them for guests ``wc-a``, ``wc-b``."""
    await ledger.plan(entries(keys), INPUT)
    for number, claim in enumerate(await claim_all(ledger), start=1):
        await ledger.begin(claim.id, f"wc-{claim.key}", owes_message=owes_message)
        await ledger.settle(claim.id, Status.CREATED, created_as(number, f"wc-{claim.key}"))


def statuses(kind: LedgerKind, folder: Path) -> list[Status]:
    """Return the status of each row."""
    return [row.status for row in kind.standing(folder)]


# Plan


async def test_a_new_plan_is_merged_by_key_with_what_is_known(opened: Open) -> None:
    """Created rows stay created; what is new, gone or changed is counted."""
    async with opened() as ledger:
        first = await ledger.plan(entries("abc"), INPUT)
        claims = await claim_all(ledger)
        for claim in claims[:2]:
            await send(ledger, claim, Status.CREATED)
        second = await ledger.plan([entry(1, "a", "changed"), entry(2, "c"), entry(3, "d")], INPUT)

    assert first == PlanReport(counts=Counts(input=3, pending=3), added=3)
    assert second == PlanReport(counts=Counts(input=3, created=1, pending=2), added=1, vanished=1, changed=1)


async def test_invalid_records_and_repeated_keys_are_counted_and_told(opened: Open) -> None:
    """The first record of a key is its row; the others are invalid, and so is what has a fault of its own."""
    async with opened() as ledger:
        report = await ledger.plan([entry(1, "a"), entry(2, "b", "b", TOO_LONG), entry(3, "a", "other")], INPUT)
        with ledger.reader() as reader:
            invalid = list(reader.invalid())
            first = list(reader.invalid(1))
            problems = list(reader.problems())

    assert report.counts == Counts(input=3, pending=1, invalid=2)
    assert problems == [(row.row, problem) for row in invalid for problem in row.problems]
    assert [(row.row, row.line, row.source) for row in invalid] == [(2, 3, INPUT[0].name), (3, 4, INPUT[0].name)]
    assert invalid[0].problems == (TOO_LONG,)
    assert invalid[1].problems[0].field == "key"
    assert first == invalid[:1]


async def test_a_row_that_names_no_account_has_a_code_of_its_own(opened: Open) -> None:
    """It is told apart from other invalid rows, in a first plan and in a later one."""
    no_account = Problem("account_sid", "Region", "is none of the accounts")
    problems = [(no_account,), (TOO_LONG, no_account), (TOO_LONG,)]
    planned = [structs.replace(entry(row, ""), problems=each) for row, each in enumerate(problems, start=1)]
    async with opened() as ledger:
        for _ in range(2):
            await ledger.plan([*planned, entry(4, "d")], INPUT)
            with ledger.reader() as reader:
                codes = [each.error_code for each in reader.results()]

            assert codes == ["unknown_account", "unknown_account", "invalid_row", "stopped"]


NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"


def entry_in(account: str, row: int, key: str, *problems: Problem) -> PlanEntry:
    """Return the plan entry of a row in an account."""
    return structs.replace(entry(row, key, None, *problems), account=account)


async def test_rows_are_counted_for_each_account(opened: Open) -> None:
    """Invalid rows and repeated keys belong to the account that they name; rows that name none are not counted."""
    first = [
        entry_in(NORTH, 1, "n|1"),
        entry_in(SOUTH, 2, "s|1"),
        entry_in(SOUTH, 3, "s|2", TOO_LONG),
        entry_in(NORTH, 4, "n|1"),
        entry_in("", 5, "", TOO_LONG),
    ]
    later = [entry_in(SOUTH, 1, "s|1"), entry_in(SOUTH, 2, "s|3"), entry_in(NORTH, 3, "n|2", TOO_LONG)]
    async with opened() as ledger:
        with ledger.reader() as reader:
            before = reader.account_counts()
        await ledger.plan(first, INPUT)
        with ledger.reader() as reader:
            at_first = reader.account_counts()
        await send(ledger, (await claim_all(ledger))[1], Status.CREATED)
        await ledger.plan(later, INPUT)
        with ledger.reader() as reader:
            afterwards = reader.account_counts()

    assert before == {}
    assert list(at_first.items()) == [
        (NORTH, Counts(input=2, pending=1, invalid=1)),
        (SOUTH, Counts(input=2, pending=1, invalid=1)),
    ]
    assert afterwards == {NORTH: Counts(input=1, invalid=1), SOUTH: Counts(input=2, created=1, pending=1)}


async def test_created_rows_can_be_read_for_each_account(opened: Open) -> None:
    """Of one account, or of all; an account whose rows have left the input is still known for closing."""
    planned = [entry_in(SOUTH, 1, "s|1"), entry_in(NORTH, 2, "n|1"), entry_in(SOUTH, 3, "s|2")]
    async with opened() as ledger:
        await ledger.plan(planned, INPUT)
        for number, claim in enumerate(await claim_all(ledger), start=1):
            await ledger.begin(claim.id)
            await ledger.settle(claim.id, Status.CREATED, created_as(number))
        with ledger.reader() as reader:
            rows = {sid: [each.row for each in reader.created(sid)] for sid in ("", NORTH, SOUTH, "AC" + 32 * "9")}
        await ledger.plan(planned[1:2], INPUT)
        known = await ledger.closing(deletes=False).account_sids()

    assert [*rows.values()] == [[1, 2, 3], [2], [1, 3], []]
    assert known == [SOUTH, NORTH]


async def test_a_job_for_one_account_counts_none(opened: Open) -> None:
    """Its rows name no account."""
    async with opened() as ledger:
        await ledger.plan(entries("ab"), INPUT)
        with ledger.reader() as reader:
            assert reader.account_counts() == {}


async def test_a_first_plan_and_a_later_one_tell_the_same(opened: Open) -> None:
    """Rows, repeated keys and contents, and faults are the same whether a ledger has had a plan before or not."""
    planned = [
        *(entry(row, content=text) for row, text in enumerate("ffgf", start=1)),
        entry(5, "a"),
        entry(6, "b", "b", TOO_LONG),
        entry(7, "a", "other"),
        entry(8, "b"),
        entry(9, "a"),
        entry(10, "", "h", TOO_LONG),
    ]
    told: list[tuple[object, ...]] = []
    async with opened() as ledger:
        for _ in range(2):
            report = await ledger.plan(planned, INPUT)
            with ledger.reader() as reader:
                told.append((report.counts, [*reader.results()], [*reader.invalid()], [*reader.problems()]))

    assert told[0] == told[1]
    assert told[0][0] == Counts(input=10, pending=6, invalid=4)


async def test_a_plan_that_fails_leaves_the_one_before(opened: Open) -> None:
    """What the entries raise is raised, and nothing has changed."""
    error = InputError("is cut off", source="customers.csv")

    def failing() -> Iterator[PlanEntry]:
        yield entry(1, "z")
        raise error

    async with opened() as ledger:
        before = await ledger.planned_inputs()
        await ledger.plan(entries("ab"), INPUT)
        with pytest.raises(InputError) as raised:
            await ledger.plan(failing(), [Fingerprint("other.csv", 1, "b")])
        counts, inputs = await ledger.counts(), await ledger.planned_inputs()
        again = await ledger.plan(entries("abc"), INPUT)

    assert before is None
    assert raised.value is error
    assert (counts, inputs) == (Counts(input=2, pending=2), list(INPUT))
    assert again.added == 1


async def test_planning_tells_how_far_it_is(opened: Open) -> None:
    """The number of entries read so far, on the event loop, up to all of them."""
    told: list[tuple[int, object]] = []

    async with opened() as ledger:
        await ledger.plan(
            entries(map(str, range(5_001))),
            INPUT,
            on_progress=lambda count: told.append((count, asyncio.get_running_loop())),
        )

    assert [count for count, _ in told] == sorted(count for count, _ in told)
    assert told[-1][0] == 5_001
    assert {loop for _, loop in told} == {asyncio.get_running_loop()}


# A run: what is handed out, and its record


async def test_rows_are_handed_out_anew_when_that_is_asked_for(opened: Open) -> None:
    """From the first row, those of the statuses, and created ones that owe a message of one of the others."""
    async with opened() as ledger:
        await create(ledger, "ab", owes_message=True)
        await ledger.messages.begin(2)
        await ledger.messages.settle(2, MessageStatus.POSTED, POSTED)
        await ledger.plan(entries("abcd"), INPUT)
        await ledger.set_claimable({Status.PENDING}, messages={MessageStatus.PENDING}, limit=2)
        left = await ledger.to_send(), await ledger.to_post()
        claims = await ledger.claim(10)
        after = await ledger.to_send(), await ledger.to_post()

    assert (left, after) == ((1, 1), (0, 0))
    assert [(claim.key, claim.conversation_sid) for claim in claims] == [("a", conversation_sid(1)), ("c", "")]


async def test_every_run_is_on_record(opened: Open) -> None:
    """With its end and exit code, and without them while it goes or where it was killed."""
    async with opened() as ledger:
        first = await ledger.start_run(SENDABLE)
        await ledger.finish_run(5)
        second = await ledger.start_run(SENDABLE, run_id="second")
        with ledger.reader() as reader:
            runs = reader.runs()

    assert [(run.run_id, run.exit_code, run.version) for run in runs] == [(first, 5, "1"), (second, None, "1")]
    assert second == "second"
    assert [run.ended is not None and run.started <= run.ended for run in runs] == [True, False]


async def test_each_run_keeps_a_note_of_its_own(opened: Open) -> None:
    """The latest one of each run, beside its record; a name that is no text survives."""
    note = RunNote(
        command="load",
        output="r\udcff.csv",
        to_send=3,
        thresholds=(ThresholdNote("rate(429) > 0", None, has_failed=False),),
    )
    async with opened() as ledger:
        await ledger.start_run(SENDABLE)
        await ledger.set_run_note(RunNote(command="run"))
        await ledger.set_run_note(note)
        await ledger.start_run(SENDABLE)
        with ledger.reader() as reader:
            runs = reader.runs()

    assert [run.note for run in runs] == [note, RunNote()]
    assert last_judged(runs) == (1, note)


async def test_a_reader_tells_what_a_run_has_done_and_what_stands_in_the_way(opened: Open) -> None:
    """Its rows and its last requests, the rows of each input, and the first rows of each error."""
    async with opened() as ledger:
        await create(ledger, "a")
        await ledger.plan(entries("abcdef"), INPUT)
        claims = await claim_all(ledger)
        for claim in claims[:3]:
            await send(ledger, claim, Status.REJECTED)
        await send(ledger, claims[3], Status.UNKNOWN)
        with ledger.reader() as reader:
            first, second, third = (reader.activity(number) for number in (1, 2, 3))
            examples, rows = reader.error_examples(2), reader.input_rows()
            held_since = reader.held_since()

    assert (first.rows, second.rows, third) == (1, 4, (0, None, ()))
    assert (second.last_ended, second.recent) == (LOST.ended, (1.5, 1.5, 1.5, 1.5))
    assert [each[:4] for each in examples] == [
        ("rejected", "45745", 3, 2),
        ("rejected", "45745", 3, 3),
        ("unknown", "timeout", 1, 5),
    ]
    assert examples[2].error == LOST.error
    assert rows == [6]
    assert held_since is not None


# Recover


async def test_what_a_dead_run_had_begun_is_unknown(kind: LedgerKind, tmp_path: Path, opened: Open) -> None:
    """Rows and messages in flight become unknown, once; a row whose message is unknown stays created."""
    async with opened() as ledger:
        await create(ledger, "a", owes_message=True)
        await ledger.messages.begin(1)
        await ledger.plan(entries("abc"), INPUT)
        await send(ledger, (await claim_all(ledger))[0], Status.IN_FLIGHT)

    async with opened() as ledger:
        recovered = [await ledger.recover(), await ledger.recover()]
        counts = await ledger.counts()
        with ledger.reader() as reader:
            told = list(reader.statuses())

    assert recovered == [2, 0]
    assert counts == Counts(input=3, created=1, unknown=1, pending=1)
    assert kind.standing(tmp_path)[0].message is MessageStatus.UNKNOWN
    assert (told[1].status, told[1].error_code) == ("unknown", "interrupted")


# Unknown rows: list, control, resolve


async def lose(ledger: Ledger, keys: str) -> None:
    """Plan a row for each letter, and lose the answer to each; they ask for guests ``wc-a``, ``wc-b``."""
    await ledger.plan(entries(keys), INPUT)
    for claim in await claim_all(ledger):
        await ledger.begin(claim.id, f"wc-{claim.key}")
        await ledger.settle(claim.id, Status.UNKNOWN, LOST)


async def test_unknown_rows_are_listed_page_by_page(opened: Open) -> None:
    """In input order and no others, with the identity asked for and when the attempt left and was lost."""
    async with opened() as ledger:
        await create(ledger, "x")
        await lose(ledger, "axbc")
        first, rest, none = [await ledger.unknown(after, 2) for after in (0, 3, 4)]

    assert ([(row.row, row.key) for row in (*first, *rest)], none) == ([(1, "a"), (3, "b"), (4, "c")], [])
    assert (first[0].identity, first[0].since, first[0].lost_at) == ("wc-a", LOST.sent, LOST.ended)
    assert not first[0].is_confirmed


async def test_the_control_is_the_row_that_was_created_last(opened: Open) -> None:
    """By an answer of its own; asked for one to be found by identity, one that was named as it asked to be."""
    async with opened() as ledger:
        await ledger.plan(entries("ab"), INPUT)
        claims = await claim_all(ledger)
        none = await ledger.latest_created(by_identity=False)
        for number, (claim, identity) in enumerate(zip(claims, ("wc-a", "another"), strict=True), start=1):
            await ledger.begin(claim.id, f"wc-{claim.key}")
            await ledger.settle(claim.id, Status.CREATED, created_as(number, identity))
            trusts = await ledger.trusts_identities()
            assert trusts is (number == 1)
        last = await ledger.latest_created(by_identity=False)
        by_identity = await ledger.latest_created(by_identity=True)

    assert none is None
    assert last is not None
    assert last.conversation_sid == conversation_sid(2)
    assert by_identity is not None
    assert (by_identity.conversation_sid, by_identity.identity) == (conversation_sid(1), "wc-a")


async def test_conversations_that_belong_to_rows_are_known(opened: Open) -> None:
    """So that one conversation is not taken for the answer to two rows."""
    async with opened() as ledger:
        await create(ledger, "ab")
        taken = await ledger.assigned_conversations([conversation_sid(number) for number in (1, 7)])
        nothing = await ledger.assigned_conversations([])

    assert (taken, nothing) == ({conversation_sid(1)}, set())


async def test_a_look_settles_an_unknown_row_and_is_no_attempt(
    kind: LedgerKind, tmp_path: Path, opened: Open
) -> None:
    """What was found is created, what is certainly absent may be sent again, and the rest stays."""
    async with opened() as ledger:
        await lose(ledger, "abc")
        found, absent, _ = await ledger.unknown(0, 10)
        await ledger.resolve(found.id, Status.CREATED, created_as(9))
        await ledger.resolve(absent.id, Status.PENDING, ABSENT)
        counts = await ledger.counts()
        await ledger.set_claimable({Status.PENDING})
        claims = await ledger.claim(10)
        taken = await ledger.assigned_conversations([conversation_sid(9)])

    assert counts == Counts(input=3, created=1, pending=1, unknown=1)
    assert [claim.key for claim in claims] == ["b"]
    assert taken == {conversation_sid(9)}
    assert [row.attempts for row in kind.standing(tmp_path)] == [1, 1, 1]


# Messages in doubt


async def test_a_look_settles_a_message_in_doubt(kind: LedgerKind, tmp_path: Path, opened: Open) -> None:
    """Messages that nobody knows about are listed with their conversation; what a look shows is recorded."""
    async with opened() as ledger:
        await create(ledger, "abc", owes_message=True)
        for row in (1, 2):
            await ledger.messages.begin(row)
            await ledger.messages.settle(row, MessageStatus.UNKNOWN, LOST)
        doubts = [*await ledger.messages.unknown(0, 1), *await ledger.messages.unknown(1, 10)]
        await ledger.messages.resolve(1, MessageStatus.POSTED, POSTED)
        await ledger.messages.resolve(2, MessageStatus.PENDING, ABSENT)
        counts = await ledger.messages.counts()

    assert [doubt.claim.conversation_sid for doubt in doubts] == [conversation_sid(1), conversation_sid(2)]
    assert all(doubt.is_comparable and not doubt.is_confirmed for doubt in doubts)
    assert counts == MessageCounts(posted=1, pending=2)
    assert statuses(kind, tmp_path) == [Status.CREATED] * 3


# Closing


async def test_what_is_closed_is_done_for_closing_and_not_for_deleting(opened: Open) -> None:
    """What was not processed is left as it was; every page goes on behind the last."""
    async with opened() as ledger:
        await create(ledger, "abc")
        closing, deleting = ledger.closing(deletes=False), ledger.closing(deletes=True)
        await ledger.start_run(())
        await closing.settle(1, CLOSED, number=1)
        await closing.settle(2, structs.replace(CLOSED, status=CloseStatus.NOT_PROCESSED), number=1)
        await closing.settle(3, structs.replace(CLOSED, status=CloseStatus.MAYBE), number=1)
        counts = await closing.counts()
        left, page = await closing.left(0, 10), await closing.left(2, 1)
        to_delete = await deleting.left(0, 10)

    assert counts == {CloseStatus.CLOSED: 1, CloseStatus.MAYBE: 1, None: 1}
    assert left == [OpenConversation(2, conversation_sid(2)), OpenConversation(3, conversation_sid(3))]
    assert page == left[1:]
    assert [each.sid for each in to_delete] == [conversation_sid(number) for number in (1, 2, 3)]


async def test_open_conversations_are_those_that_may_keep_an_agent_busy(opened: Open) -> None:
    """Not what is known to be closed or gone, nor a chat whose message was certainly not posted, nor a new one."""
    gone = StateResult(state=ConversationState.GONE, due=1.0, sent=1.5, ended=2.0, http_status=404)
    async with opened() as ledger:
        await create(ledger, "abcdefg", owes_message=True)
        closing = ledger.closing(deletes=False)
        await ledger.start_run(())
        for row_id, status in enumerate(MessageStatus, start=1):
            await ledger.messages.settle(row_id, status, POSTED)
        counted = await closing.count_open()
        listed = await closing.open_conversations(0, 10, created_before=CREATED.ended + 1)
        page = await closing.open_conversations(listed[0].id, 1, created_before=CREATED.ended + 1)
        too_new = await closing.open_conversations(0, 10, created_before=CREATED.ended)
        await closing.note_closed(listed[0].id, gone)
        await closing.settle(listed[1].id, structs.replace(CLOSED, status=CloseStatus.MAYBE), number=1)
        rest, left = await closing.count_open(), await closing.left(0, 10)

    statuses = [list(MessageStatus)[each.id - 1] for each in listed]
    assert statuses == [MessageStatus.IN_FLIGHT, MessageStatus.POSTED, MessageStatus.UNKNOWN]
    assert (counted, rest, too_new, page) == (3, 2, [], listed[1:2])
    assert listed[0] not in left


async def test_a_guest_is_left_until_it_is_deleted(opened: Open) -> None:
    """From the close of its conversation on; an intent without an outcome is in doubt, a cancelled one is none."""
    async with opened() as ledger:
        await create(ledger, "abc")
        closing = ledger.closing(deletes=False)
        await ledger.start_run(())
        for row in (1, 2):
            await closing.settle(row, CLOSED, number=1)
        first, second = await closing.guests.left(0, 10)
        for row in (1, 2, 3):
            await closing.guests.begin(row)
        await closing.guests.release(3)
        doubted = await closing.guests.counts()
        await closing.guests.settle(1, structs.replace(CLOSED, status=CloseStatus.DELETED), number=1)
        await closing.guests.settle(2, structs.replace(CLOSED, status=CloseStatus.NOT_PROCESSED), number=1)
        counts, left = await closing.guests.counts(), await closing.guests.left(0, 10)
        of_deleting = await ledger.closing(deletes=True).guests.left(0, 10)

    assert first == Guest(1, conversation_sid(1), "a", "wc-a", "wc-a", is_rebuilt=False)
    assert (doubted, counts) == ({CloseStatus.MAYBE: 2, None: 1}, {CloseStatus.DELETED: 1, None: 2})
    assert left == [second]
    assert of_deleting == []


async def test_a_channel_that_is_closed_leaves_its_conversation_open(opened: Open) -> None:
    """One that was refused or is in doubt is what stands in the way of closing the conversation."""
    async with opened() as ledger:
        await create(ledger, "abc")
        closing = ledger.closing(deletes=False)
        await ledger.start_run(())
        await closing.settle_interaction(1, CLOSED, number=1)
        await closing.settle_interaction(2, structs.replace(CLOSED, status=CloseStatus.REFUSED), number=1)
        await closing.settle_interaction(3, structs.replace(CLOSED, status=CloseStatus.NOT_PROCESSED), number=1)
        counts, left = await closing.counts(), await closing.left(0, 10)

    assert counts == {CloseStatus.REFUSED: 1, None: 2}
    assert [each.id for each in left] == [1, 2, 3]


async def test_conversations_of_another_ledger_are_taken_over_once(opened: Open) -> None:
    """However often their results are read; what became of them is kept."""
    made = [conversation_sid(number) for number in (5, 6)]
    async with opened() as ledger:
        closing = ledger.closing(deletes=False)
        await closing.import_conversations(iter([*made, made[0]]))
        first, second = await closing.left(0, 10)
        await closing.settle(first.id, CLOSED, number=1)
        await closing.import_conversations(iter([*made, conversation_sid(7)]))
        left, counts = await closing.left(0, 10), await closing.counts()

    assert [first.sid, second.sid] == made
    assert [each.sid for each in left] == [second.sid, conversation_sid(7)]
    assert counts == {CloseStatus.CLOSED: 1, None: 2}


async def test_loose_ends_of_closing_are_counted(opened: Open) -> None:
    """Rows with further conversations, and attempts that may have left one without a customer."""
    async with opened() as ledger:
        await ledger.plan(entries("ab"), INPUT)
        twin, orphan = await claim_all(ledger)
        await ledger.begin(twin.id)
        await ledger.settle(twin.id, Status.CREATED, structs.replace(created_as(1), error_code="duplicate"))
        await ledger.begin(orphan.id)
        await ledger.settle(orphan.id, Status.REJECTED, structs.replace(REFUSED, may_leave_orphan=True))
        closing = ledger.closing(deletes=False)
        duplicates, orphans = await closing.duplicates(), await closing.orphans()
        with ledger.reader() as reader:
            told = reader.orphans()

    assert (duplicates, orphans) == (1, 1)
    assert [(each.row, each.key, each.error_code) for each in told] == [(2, "b", "45745")]


async def test_a_created_row_without_a_conversation_is_noticed(opened: Open) -> None:
    """Before anything is closed or audited by what stands there."""
    async with opened() as ledger:
        await create(ledger, "a")
        await ledger.closing(deletes=False).require_sids()
        await ledger.plan(entries("ab"), INPUT)
        (claim,) = await claim_all(ledger)
        await ledger.begin(claim.id)
        await ledger.settle(claim.id, Status.CREATED, structs.replace(CREATED, conversation_sid=""))
        with pytest.raises(LedgerError, match="row 2"):
            await ledger.closing(deletes=False).require_sids()
        with ledger.reader() as reader, pytest.raises(LedgerError, match="row 2"):
            reader.require_sids()


# Reading


async def test_a_reader_sees_what_is_durable_while_the_ledger_is_open(opened: Open) -> None:
    """On any thread: the results, their short form, what was created, requests, errors and inputs."""
    async with opened() as ledger:
        await create(ledger, "ab")
        await ledger.plan(entries("abcd"), INPUT)
        rejected, *_ = await claim_all(ledger)
        await send(ledger, rejected, Status.REJECTED)

        def read() -> None:
            with ledger.reader() as reader:
                assert reader.manifest == ledger.manifest
                assert reader.counts() == Counts(input=4, created=2, rejected=1, pending=1)
                assert reader.message_counts() == MessageCounts()
                assert reader.is_held()
                assert [(row.row, row.status, row.conversation_sid, row.attempts) for row in reader.results()] == [
                    (1, "created", conversation_sid(1), 1),
                    (2, "created", conversation_sid(2), 1),
                    (3, "rejected", None, 1),
                    (4, "unsent", None, 0),
                ]
                assert [(row.row, row.status, row.error_code) for row in reader.statuses()][2:] == [
                    (3, "rejected", "45745"),
                    (4, "unsent", "stopped"),
                ]
                assert [row[2:] for row in reader.created()] == [
                    ("a", "wc-a", conversation_sid(1)),
                    ("b", "wc-b", conversation_sid(2)),
                ]
                assert reader.error_counts() == [("rejected", "45745", 1), ("unsent", "stopped", 1)]
                assert reader.fingerprints() == list(INPUT)
                last = reader.last_run()
                assert [len(list(reader.attempts("create", since_run=run))) for run in (0, last)] == [3, 1]
                assert list(reader.attempts("message")) == []

        await asyncio.to_thread(read)


async def test_conversations_that_two_rows_share_are_told(opened: Open) -> None:
    """A look-up may have given one to two rows."""
    async with opened() as ledger:
        await ledger.plan(entries("abc"), INPUT)
        for claim, number in zip(await claim_all(ledger), (1, 1, 2), strict=True):
            await ledger.begin(claim.id)
            await ledger.settle(claim.id, Status.CREATED, created_as(number))
        with ledger.reader() as reader:
            shared = reader.shared()

    assert shared == {conversation_sid(1)}


async def test_a_conversation_of_one_row_is_no_other_rows(opened: Open) -> None:
    """Whether the answers are written together, one by one or by another run; the row that came first is named."""
    async with opened() as ledger:
        await ledger.plan(entries("abcdef"), INPUT)
        first, twin, other, *rest = await claim_all(ledger)
        await asyncio.gather(*(ledger.begin(claim.id, f"wc-{claim.key}") for claim in (first, twin, other)))
        together = await asyncio.gather(
            ledger.settle_created(first.id, created_as(1), may_share=False),
            ledger.settle_created(twin.id, created_as(1), may_share=True),
            ledger.settle_created(other.id, created_as(2), may_share=False),
        )
        await ledger.start_run(SENDABLE)
        late = []
        for claim, identity in zip(rest, ("wc-a", "wc-a", "wc-f"), strict=True):
            await ledger.begin(claim.id, identity)
            may_share = claim is not rest[0]
            late.append(await ledger.settle_created(claim.id, created_as(1), may_share=may_share))
        counts = await ledger.counts()
        unknown = await ledger.unknown(0, 10)
        with ledger.reader() as reader:
            results = {each.key: each for each in reader.results()}
            shared = reader.shared()

    named = f"Twilio named {conversation_sid(1)}, the conversation of row 1"
    hint = "; where identities repeat on purpose, --allow-shared counts it as created"
    assert list(together) == [None, SharedConversation(Status.UNKNOWN, named), None]
    assert late == [
        SharedConversation(Status.UNKNOWN, named + hint),
        SharedConversation(Status.CREATED, named),
        SharedConversation(Status.UNKNOWN, named),
    ]
    assert (counts.created, counts.unknown) == (3, 3)
    assert [(each.duplicate_sid, each.is_same_guest) for each in unknown] == [
        (conversation_sid(1), False),
        (conversation_sid(1), True),
        (conversation_sid(1), False),
    ]
    assert [each.is_confirmed for each in unknown] == [True] * 3
    assert [results[key].error_code for key in "abcdef"] == [
        *(None, "duplicate_sid", None, "duplicate_sid", "shared", "duplicate_sid")
    ]
    assert [key for key in "abcdef" if results[key].conversation_sid] == ["a", "c", "e"]
    assert shared == set()


async def test_a_ledger_is_read_when_nobody_has_it_open(kind: LedgerKind, tmp_path: Path, opened: Open) -> None:
    """Where there is none, that is said; reading makes none."""
    with pytest.raises(LedgerError), open_reader(kind.location(tmp_path)):
        pass
    async with opened() as ledger:
        await create(ledger, "a")
        manifest = ledger.manifest

    assert is_ledger(kind.location(tmp_path))
    with open_reader(kind.location(tmp_path)) as reader:
        assert reader.manifest == manifest
        assert reader.manifest.settings == SETTINGS
        assert reader.counts() == Counts(input=1, created=1)
        assert not reader.is_held()
        assert reader.held_since() is None


# Notes


async def test_notes_are_set_one_by_one_and_kept(kind: LedgerKind, tmp_path: Path, opened: Open) -> None:
    """Each keeps its latest text from run to run; the others stay as they were."""
    async with opened() as ledger:
        nothing = await ledger.notes()
        await ledger.set_notes(results="old", planned_by="1")
        await ledger.set_notes(results="new Ω")
        await ledger.set_notes(reading="", asked='{"rate": "4/s"}')

    wanted = JobNotes(results="new Ω", reading="", asked='{"rate": "4/s"}', planned_by="1")
    async with opened() as ledger:
        kept = await ledger.notes()
    with open_reader(kind.location(tmp_path)) as reader:
        read, asked = reader.notes(), reader.asked()

    assert (nothing, kept, read) == (JobNotes(), wanted, wanted)
    assert asked == {"rate": "4/s"}


# Opening


async def test_a_ledger_belongs_to_one_job_and_to_one_run(kind: LedgerKind, tmp_path: Path, opened: Open) -> None:
    """Another job is refused, and so is a second run at the same time; the place is told as it was given."""
    location = kind.location(tmp_path)
    async with opened() as ledger:
        assert (ledger.location, str(ledger.location)) == (location, str(location))
        await ledger.start_run(())
        with pytest.raises(LedgerBusyError):
            async with opened():
                pass
        job_id = ledger.manifest.job_id
    with pytest.raises(OtherJobError):
        async with open_ledger(location, {**SETTINGS, "key": "other"}, version="1"):
            pass
    async with opened() as ledger:
        assert ledger.manifest.job_id == job_id


async def test_a_ledger_that_is_not_kept_leaves_nothing() -> None:
    """It does what the others do while it is open; a check is planned in one."""
    async with open_ledger(None, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
        files = ledger.location.files().values()
        with ledger.reader() as reader:
            counts, before = reader.counts(), [path for path in files if path.exists()]
    after = [path for path in files if path.exists()]

    assert counts == Counts(input=1, pending=1)
    assert before
    assert after == []


async def test_a_reader_tells_a_report_of_errors_and_of_chosen_rows(opened: Open) -> None:
    """Errors in input order without rows that wait, some created rows by their IDs, and the span of a step."""
    async with opened() as ledger:
        await ledger.plan([*entries("abcde"), entry(6, "f", None, TOO_LONG)], INPUT)
        claims = await claim_all(ledger)
        for claim, status in zip(
            claims, (Status.CREATED, Status.UNKNOWN, Status.CREATED, Status.REJECTED), strict=False
        ):
            await send(ledger, claim, status)
        with ledger.reader() as reader:
            report = reader.report
            erroneous = [each[:4] for each in report.erroneous_rows()]
            chosen = report.created_rows([claims[3].id, claims[2].id, claims[1].id])
            spans = report.attempt_span("create"), report.attempt_span("message")

    assert erroneous == [
        (2, "b", "unknown", "timeout"),
        (4, "d", "rejected", "45745"),
        (6, "f", "invalid", "invalid_row"),
    ]
    assert [(each.row, each.key, each.conversation_sid) for each in chosen] == [(3, "c", CREATED.conversation_sid)]
    assert spans == ((1.0, CREATED.ended), None)
