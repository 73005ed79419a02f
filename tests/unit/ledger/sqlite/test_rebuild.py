"""A lost ledger is rebuilt from what its results file says, completely or not at all."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import ExitCode, InputError, LedgerError
from provisioner.ledger.notes import PlanNotes
from provisioner.ledger.rebuilding import RebuildPlan, RebuildReport
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.rebuild import rebuild_sqlite_ledger
from provisioner.models import MessageStatus, PlanEntry, Result, Status
from tests.ledger_samples import (
    ANSWERS,
    CREATED,
    INPUT,
    POSTED,
    REFUSED,
    SETTINGS,
    TOO_LONG,
    claim_all,
    entries,
    entry,
    query,
    send,
)

KEYS = ("a", "b", "c", "d", "e", "f", "g")


def rebuild(path: Path, results: Sequence[Result], planned: Sequence[PlanEntry] = ()) -> RebuildReport:
    """Rebuild a ledger and return what it reported."""
    reports: list[RebuildReport] = []
    plan = RebuildPlan(
        source="results.csv",
        entries=planned or entries(KEYS),
        fingerprints=INPUT,
        notes=lambda: PlanNotes(planned_by="read so", findings="{}"),
        is_asked=lambda identity: identity.startswith("wc-"),
    )
    lines = list(enumerate(results, start=2))
    rebuild_sqlite_ledger(path, SETTINGS, lines, planned=plan, version="1", on_rebuilt=reports.append)
    return reports[0]


def results_of(path: Path) -> list[Result]:
    """Return the results that a ledger tells."""
    with open_sqlite_reader(path) as reader:
        return list(reader.results())


async def make_every_status(path: Path) -> list[Result]:
    """Make a ledger with a row in every status, and messages, and return its results."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan([*entries(KEYS), entry(8, "h", "h", TOO_LONG)], INPUT)
        claims = await claim_all(ledger)
        statuses = (Status.CREATED, Status.CREATED, Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT)
        for claim, status in zip(claims, statuses, strict=False):
            await ledger.begin(claim.id, f"wc-{claim.key}", owes_message=claim.key in "ab")
            await ledger.settle(claim.id, status, structs.replace(ANSWERS[status], identity=f"wc-{claim.key}"))
        await ledger.messages.settle(claims[0].id, MessageStatus.POSTED, POSTED)
        await ledger.messages.settle(claims[1].id, MessageStatus.REJECTED, REFUSED)
    return results_of(path)


async def test_a_rebuilt_ledger_tells_the_same_results(path: Path) -> None:
    """Statuses, SIDs, identities, errors, times and messages are those of the ledger that is lost."""
    lost = await make_every_status(path)
    again = path.with_name("again.ledger")

    rebuild(again, lost, [*entries(KEYS), entry(8, "h", "h", TOO_LONG)])

    told = results_of(again)
    assert [each.status for each in told] == [each.status for each in lost]
    for number, (new, old) in enumerate(zip(told, lost, strict=True), start=1):
        for name in Result.__struct_fields__:
            was = getattr(old, name)
            if name in {"error", "latency_ms"} and was is not None:
                continue  # a message's error code is in its text now; a latency is a difference of times
            assert getattr(new, name) == was, (number, name)


async def test_what_a_rebuilt_ledger_still_has_to_do(path: Path) -> None:
    """Only what was certainly not created is claimed, unknown rows keep their identity, and no row has changed."""
    lost = await make_every_status(path)
    again = path.with_name("again.ledger")
    report = rebuild(again, lost, entries([*KEYS, "z"]))

    async with open_sqlite_ledger(again, SETTINGS, version="1") as ledger:
        replanned = await ledger.plan(entries([*KEYS, "z"]), INPUT)
        unknown = await ledger.unknown(0, 10)
        claims = await claim_all(ledger)
        taken = await ledger.assigned_conversations([CREATED.conversation_sid])
        notes = await ledger.notes()
        job_id = ledger.manifest.job_id

    assert [claim.key for claim in claims] == ["f", "g", "z"]
    assert [(row.key, row.identity, row.is_rebuilt) for row in unknown] == [("e", "wc-e", True)]
    assert taken == {CREATED.conversation_sid}
    assert (notes.planned_by, notes.findings, notes.rebuilt) == ("read so", "{}", "results.csv")
    assert (replanned.changed, replanned.vanished, replanned.added) == (0, 0, 0)
    assert (report.outcomes, report.found, report.new_rows, report.new_keys) == (5, 5, 1, ("z",))
    assert query(path, "SELECT value FROM manifest WHERE name = 'job_id'") != [(job_id,)]


async def test_rows_that_are_on_one_side_only_are_reported(path: Path) -> None:
    """Outcomes that the input lacks, and new rows of the input."""
    lost = await make_every_status(path)
    plan = RebuildPlan(
        source="results.csv",
        entries=entries(["a", "x", "c", "d", "e"]),
        fingerprints=INPUT,
        notes=PlanNotes,
        is_asked=bool,
    )
    reports: list[RebuildReport] = []

    rebuild_sqlite_ledger(
        path.with_name("again.ledger"),
        SETTINGS,
        list(enumerate(lost, start=2)),
        planned=plan,
        version="1",
        on_rebuilt=reports.append,
    )

    assert (reports[0].outcomes, reports[0].found) == (5, 4)
    assert (reports[0].missing_keys, reports[0].new_keys) == (("b",), ("x",))
    assert reports[0].respelt_keys == ()


async def test_no_half_of_a_ledger_is_left(path: Path) -> None:
    """Whatever is wrong with results or input, there is no ledger, no draft and no lock afterwards."""
    lost = await make_every_status(path)
    again = path.with_name("again.ledger")
    before = sorted(path.parent.iterdir())

    with pytest.raises(InputError, match=r"results\.csv, line 4: has the key of an earlier line"):
        rebuild(again, [lost[0], lost[1], lost[0]])
    with pytest.raises(InputError, match="line 2: has no key"):
        rebuild(again, [structs.replace(lost[0], key=None)])
    with pytest.raises(LedgerError, match="is there"):
        rebuild(path, lost)

    assert sorted(path.parent.iterdir()) == before


async def test_results_that_lack_rows_are_refused(path: Path) -> None:
    """The customers of rows that a filter removed would be created again; the order of the lines is free."""
    lost = await make_every_status(path)
    again = path.with_name("again.ledger")
    before = sorted(path.parent.iterdir())
    repeated = structs.replace(lost[1], row=1)

    with pytest.raises(InputError, match=r"results\.csv: row 2 is missing") as caught:
        rebuild(again, [lost[4], lost[0], lost[2]])
    with pytest.raises(InputError, match=r"results\.csv, line 3: has the row number 1 of an earlier line"):
        rebuild(again, [lost[0], repeated])

    assert caught.value.exit_code == ExitCode.USAGE
    assert sorted(path.parent.iterdir()) == before
    rebuild(again, lost[::-1], [*entries(KEYS), entry(8, "h", "h", TOO_LONG)])
    assert [each.status for each in results_of(again)] == [each.status for each in lost]


async def test_an_identity_that_was_not_asked_for_is_not_trusted(path: Path) -> None:
    """A guest whom Twilio named otherwise shows that looking up by identity proves nothing, as it did before."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        for claim in await claim_all(ledger):
            await send(ledger, claim, Status.CREATED)
    own, other = results_of(path)
    again, distrusted = path.with_name("again.ledger"), path.with_name("distrusted.ledger")
    rebuild(again, [own, other])
    rebuild(distrusted, [own, structs.replace(other, identity="given by Twilio")])

    trusts = []
    for each in (again, distrusted):
        async with open_sqlite_ledger(each, SETTINGS, version="1") as ledger:
            trusts.append(await ledger.trusts_identities())

    assert trusts == [True, False]
