"""The plan pass: what makes a row, what makes it invalid, and what a new input changes."""

import asyncio
from itertools import count
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import Claim, Counts, Fingerprint, PlanEntry, PlanReport, Problem, Status
from tests.ledger_samples import (
    INPUT,
    NO_SID,
    SENDABLE,
    SETTINGS,
    TOO_LONG,
    claim_all,
    digest_of,
    entries,
    entry,
    query,
    send,
)

Line = tuple[int, str | None, str, str | None]


def lines_of(path: Path) -> list[Line]:
    """Return row, key, status and error code of every record."""
    with open_sqlite_reader(path) as reader:
        return [(line.row, line.key, line.status, line.error_code) for line in reader.results()]


async def plan(path: Path, *planned: PlanEntry) -> PlanReport:
    """Plan entries in a process of their own, as it were."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        return await ledger.plan(planned, INPUT)


async def settle_all(path: Path, *statuses: Status) -> None:
    """Send every row, to the given ends in input order."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        for claim, status in zip(await claim_all(ledger), statuses, strict=True):
            await send(ledger, claim, status)


async def claims_of(path: Path) -> list[Claim]:
    """Return what a run would send now."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        return list(await claim_all(ledger))


async def test_an_empty_input_is_a_plan(path: Path) -> None:
    """A plan of nothing is whole, and counts nothing."""
    report = await plan(path)

    assert report == PlanReport(counts=Counts())


async def test_a_row_without_a_key_is_known_by_its_content(path: Path) -> None:
    """Its digest in hexadecimal digits is its key."""
    await plan(path, entry(1, content="Ada"))

    assert [line[1] for line in lines_of(path)] == [digest_of("Ada").hex()]


async def test_equal_contents_are_rows_of_their_own(path: Path) -> None:
    """The n-th occurrence of a content has its number in its key, and all are sent."""
    await plan(path, *(entry(row, content=content) for row, content in enumerate("aabaab", start=1)))

    a, b = digest_of("a").hex(), digest_of("b").hex()
    assert [line[1] for line in lines_of(path)] == [a, f"{a}-2", b, f"{a}-3", f"{a}-4", f"{b}-2"]
    assert len(await claims_of(path)) == 6


async def test_a_key_given_twice_makes_the_later_rows_invalid(path: Path) -> None:
    """The first row keeps the key, and the others name it with its line."""
    report = await plan(path, *entries(["a", "b", "a", "a"]))

    with open_sqlite_reader(path) as reader:
        invalid = list(reader.invalid())
        errors = [line.error for line in reader.results() if line.status == "invalid"]
    problem = Problem("key", "", "the same key as row 1 (line 2)")
    assert report.counts == Counts(input=4, pending=2, invalid=2)
    assert [(found.row, found.line, found.key, found.problems) for found in invalid] == [
        (3, 4, "a", (problem,)),
        (4, 5, "a", (problem,)),
    ]
    assert errors == [str(problem)] * 2
    assert [line[3] for line in lines_of(path)] == ["stopped", "stopped", "duplicate_key", "duplicate_key"]


async def test_all_problems_of_a_row_are_kept(path: Path) -> None:
    """An invalid row shows every reason, in order, one by one and as one text."""
    await plan(path, entry(1, "a"), entry(2, "b", "b", TOO_LONG, NO_SID))

    with open_sqlite_reader(path) as reader:
        (invalid,) = reader.invalid()
        _, line = reader.results()
    assert (invalid.row, invalid.line, invalid.source, invalid.key) == (2, 3, "customers.csv", "b")
    assert invalid.problems == (TOO_LONG, NO_SID)
    assert line.error == (
        "chat_friendly_name (column 'Name'): is longer than 256 characters; address_sid: is missing"
    )
    assert (line.status, line.error_code, line.attempts, line.settled_at) == ("invalid", "invalid_row", 0, None)


async def test_an_invalid_row_without_a_key_has_none(path: Path) -> None:
    """What cannot be sent is not known by its content."""
    await plan(path, entry(1, "", "Ada", TOO_LONG))

    assert lines_of(path) == [(1, None, "invalid", "invalid_row")]


async def test_a_key_belongs_to_the_valid_row_that_has_it(path: Path) -> None:
    """Invalid rows are never duplicates, and make none."""
    await plan(
        path, entry(1, "a", "x", TOO_LONG), entry(2, "a", "y"), entry(3, "a", "z", NO_SID), entry(4, "a", "y")
    )

    assert [line[2:] for line in lines_of(path)] == [
        ("invalid", "invalid_row"),
        ("unsent", "stopped"),
        ("invalid", "invalid_row"),
        ("invalid", "duplicate_key"),
    ]
    with open_sqlite_reader(path) as reader:
        assert [str(found.problems[0]) for found in reader.invalid()][-1] == "key: the same key as row 2 (line 3)"


async def test_invalid_rows_may_share_a_key(path: Path) -> None:
    """Each keeps the reasons of its own."""
    await plan(path, entry(1, "a", "x", TOO_LONG), entry(2, "a", "y", NO_SID))

    with open_sqlite_reader(path) as reader:
        assert [found.problems for found in reader.invalid()] == [(TOO_LONG,), (NO_SID,)]


async def test_known_keys_keep_what_became_of_them(path: Path) -> None:
    """Rows may move in the input: their keys decide, and only new ones are added."""
    await plan(path, *entries(["a", "b"]))
    await settle_all(path, Status.CREATED, Status.REJECTED)

    report = await plan(path, *entries(["new", "b", "a"]))

    assert report == PlanReport(counts=Counts(input=3, created=1, rejected=1, pending=1), added=1)
    assert [line[1:3] for line in lines_of(path)] == [("new", "unsent"), ("b", "rejected"), ("a", "created")]


async def test_vanished_rows_are_reported_and_left_out(path: Path) -> None:
    """A row that is no longer in the input counts nowhere and is not sent."""
    await plan(path, *entries(["a", "b", "c"]))
    await settle_all(path, Status.CREATED, Status.UNSENT, Status.UNSENT)

    report = await plan(path, *entries(["c"]))

    assert report == PlanReport(counts=Counts(input=1, unsent=1), vanished=2)
    assert [claim.key for claim in await claims_of(path)] == ["c"]


async def test_a_row_that_comes_back_is_known(path: Path) -> None:
    """The ledger forgets no key, so nothing is created again because it was away."""
    await plan(path, *entries(["a", "b"]))
    await settle_all(path, Status.CREATED, Status.CREATED)
    await plan(path, *entries(["b"]))

    report = await plan(path, *entries(["b", "a"]))

    assert report == PlanReport(counts=Counts(input=2, created=2))


@pytest.mark.parametrize("status", [Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.IN_FLIGHT])
async def test_content_that_changed_after_it_was_sent_is_reported(path: Path, status: Status) -> None:
    """A row that was sent and now says something else is counted at every plan, and keeps its status."""
    await plan(path, entry(1, "a", "old"), entry(2, "b", "same"))
    await settle_all(path, status, Status.CREATED)

    reports = [await plan(path, entry(1, "a", "new"), entry(2, "b", "same")) for _ in range(2)]

    assert [report.changed for report in reports] == [1, 1]
    assert query(path, "SELECT status FROM rows WHERE key = 'a'") == [(status.value,)]


async def test_content_that_changed_back_is_not_reported(path: Path) -> None:
    """What counts is the difference to what was sent, not to the plan before."""
    await plan(path, entry(1, "a", "old"))
    await settle_all(path, Status.CREATED)
    await plan(path, entry(1, "a", "new"))

    report = await plan(path, entry(1, "a", "old"))

    assert report.changed == 0


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNSENT])
async def test_content_that_changed_before_it_was_sent_is_just_sent(path: Path, status: Status) -> None:
    """A row that certainly does not exist asks for what the input says now."""
    await plan(path, entry(1, "a", "old"))
    await settle_all(path, status)

    report = await plan(path, entry(1, "a", "new"))

    assert report.changed == 0
    assert [claim.digest for claim in await claims_of(path)] == [digest_of("new")]


async def test_a_rejected_row_that_was_fixed_is_sent_as_it_is_now(path: Path) -> None:
    """With retries of rejected rows, the new content goes out, and the row is no longer changed."""
    await plan(path, entry(1, "a", "old"))
    await settle_all(path, Status.REJECTED)
    await plan(path, entry(1, "a", "new"))

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        (claim,) = await claim_all(ledger, (*SENDABLE, Status.REJECTED))
        await send(ledger, claim, Status.CREATED)
        report = await ledger.plan([entry(1, "a", "new")], INPUT)

    assert claim.digest == digest_of("new")
    assert report == PlanReport(counts=Counts(input=1, created=1))


@pytest.mark.parametrize("status", [Status.CREATED, Status.REJECTED, Status.UNKNOWN])
async def test_a_sent_row_that_became_invalid_keeps_its_status(path: Path, status: Status) -> None:
    """What was sent was sent; that its record is broken now is reported as a change."""
    await plan(path, entry(1, "a"))
    await settle_all(path, status)

    report = await plan(path, entry(1, "a", "broken", TOO_LONG))

    assert (report.changed, report.vanished, report.counts.invalid) == (1, 0, 0)
    assert [line[1:3] for line in lines_of(path)] == [("a", status.value)]
    with open_sqlite_reader(path) as reader:
        assert list(reader.invalid()) == []


async def test_a_record_that_is_invalid_now_is_not_sent_again(path: Path) -> None:
    """A retry of rejected rows passes by those whose records were broken since."""
    await plan(path, *entries(["a", "b"]))
    await settle_all(path, Status.REJECTED, Status.REJECTED)
    await plan(path, entry(1, "a", "broken", TOO_LONG), entry(2, "b"))

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        claims = await claim_all(ledger, (*SENDABLE, Status.REJECTED))

    assert [claim.key for claim in claims] == ["b"]


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNSENT])
async def test_an_unsent_row_that_became_invalid_waits_to_be_fixed(path: Path, status: Status) -> None:
    """It is invalid, not vanished, and comes back with its history once its record is valid again."""
    await plan(path, entry(1, "a"))
    await settle_all(path, status)

    broken = await plan(path, entry(1, "a", "broken", TOO_LONG))
    fixed = await plan(path, entry(1, "a"))

    assert broken == PlanReport(counts=Counts(input=1, invalid=1))
    assert fixed.added == 0
    assert [(claim.id, claim.key) for claim in await claims_of(path)] == [(1, "a")]
    assert query(path, "SELECT attempts FROM rows") == [(1,)]


async def test_an_invalid_row_that_was_fixed_is_new(path: Path) -> None:
    """Invalid rows are judged anew each time."""
    await plan(path, entry(1, "a", "broken", TOO_LONG))

    report = await plan(path, entry(1, "a", "whole"))

    assert report == PlanReport(counts=Counts(input=1, pending=1), added=1)
    assert query(path, "SELECT count(*) FROM problems") == [(0,)]


async def test_a_plan_without_input_files_is_whole_too(path: Path) -> None:
    """No inputs are not the same as no plan."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan([], [])
        assert await ledger.planned_inputs() == []


async def test_progress_is_told_on_the_event_loop(path: Path) -> None:
    """Whoever shows it need not care for threads."""
    told: list[tuple[int, bool]] = []

    def tell(count: int) -> None:
        told.append((count, asyncio.get_running_loop() is loop))

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        loop = asyncio.get_running_loop()
        await ledger.plan((entry(row, f"k-{row}") for row in range(1, 12_001)), INPUT, on_progress=tell)

    assert told == [(5_000, True), (10_000, True), (12_000, True)]


async def test_a_plan_that_nobody_waits_for_ends_soon(path: Path) -> None:
    """A cancelled plan reads no further than its present chunk, and leaves the plan before."""
    is_reading = asyncio.Event()
    endless = (entry(row, f"k-{row}") for row in count(1))

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        planning = asyncio.create_task(ledger.plan(endless, INPUT, on_progress=lambda _: is_reading.set()))
        await is_reading.wait()
        planning.cancel()
        await asyncio.wait([planning])
        assert await ledger.planned_inputs() is None
        assert await ledger.counts() == Counts()

    assert planning.cancelled()


async def test_many_rows_among_few_known_ones_are_merged(path: Path) -> None:
    """The guard on keys holds however the new rows are brought in: one by one, or by building its index anew."""
    await plan(path, *entries(f"k-{number}" for number in range(100)))
    few = await plan(path, *entries(f"k-{number}" for number in range(105)))
    many = await plan(path, *entries(f"k-{number}" for number in range(3_000)))

    assert (few.added, many.added) == (5, 2_895)
    assert query(path, "SELECT count(DISTINCT key), count(*) FROM rows") == [(3_000, 3_000)]
    assert query(path, "SELECT count(*) FROM pragma_index_list('rows') WHERE \"unique\"") == [(1,)]


async def test_rows_of_several_files_name_their_own(path: Path) -> None:
    """A record's line is that of the file it came from."""
    first, second = Fingerprint("a.csv", 1, "x"), Fingerprint("b.csv", 1, "y")
    planned = [PlanEntry(1, 2, 0, "a", digest_of("a")), PlanEntry(2, 2, 1, "b", digest_of("b"), (NO_SID,))]
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(planned, [first, second])

    with open_sqlite_reader(path) as reader:
        assert [(line.source, line.line) for line in reader.results()] == [("a.csv", 2), ("b.csv", 2)]
        assert [found.source for found in reader.invalid()] == ["b.csv"]


@pytest.mark.parametrize("keys", [["a", "b", "!c", "d"], ["a", "b", "!a", "b", "", "", "!b", "a", "c"]])
async def test_the_first_plan_is_as_a_later_one(tmp_path: Path, keys: list[str]) -> None:
    """A ledger without rows is filled in a shorter way, which gives the same rows, repeats and problems."""
    planned = [
        PlanEntry(row, row + 1, 0, key.strip("!"), digest_of(key), (TOO_LONG,) if "!" in key else ())
        for row, key in enumerate(keys, start=1)
    ]
    first, later = tmp_path / "first.ledger", tmp_path / "later.ledger"
    await plan(later, *entries(["another"]))

    reports = [await plan(path, *planned) for path in (first, later)]

    assert lines_of(first) == lines_of(later)
    assert (reports[0].counts, reports[0].added) == (reports[1].counts, reports[1].added)
    problems = "SELECT row, number, field, input_column, reason FROM problems ORDER BY row, number"
    assert query(first, problems) == query(later, problems)


@pytest.mark.parametrize("has_rows", [False, True])
async def test_keys_stand_as_they_are(path: Path, has_rows: bool) -> None:
    """Whatever characters they have: those that JSON escapes, all others, and digits, which stay a text."""
    keys = [
        '"',
        "\\",
        "a\\u0041",
        "\x01\x1f\x7f",
        "\r\n\t\b\f",
        "/",
        "é\u2028\uffff😀",
        "007",
        "1e5",
        "null",
        "[]",
        " ",
    ]
    if has_rows:
        await plan(path, entry(1, "other"))

    report = await plan(path, *entries(keys))

    assert report.added == len(keys)
    assert [(claim.key, claim.digest) for claim in await claims_of(path)] == [
        (key, digest_of(key)) for key in keys
    ]


async def test_the_longest_keys_of_many_rows_are_written(path: Path) -> None:
    """As many as come at once, with keys of 512 characters, each of four bytes."""
    keys = [f"{number:06}".ljust(512, "😀") for number in range(10_001)]

    await plan(path, *entries(keys))

    assert [line[1] for line in lines_of(path)] == keys


async def test_lines_need_not_follow_each_other(path: Path) -> None:
    """A record may take several lines, and an invalid one may stand between others."""
    problem = Problem("key", "", "is empty")
    planned = [entry(1, "a"), entry(2, "b"), entry(3, "", "c", problem), entry(4, "d")]
    planned = [structs.replace(each, line=3 * each.row) for each in planned]

    await plan(path, *planned)

    with open_sqlite_reader(path) as reader:
        assert [(line.row, line.line, line.key) for line in reader.results()] == [
            (1, 3, "a"),
            (2, 6, "b"),
            (3, 9, None),
            (4, 12, "d"),
        ]
