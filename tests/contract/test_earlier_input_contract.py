"""What every ledger asks about when a new plan replaces the one before it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import InputError
from provisioner.ledger import open_ledger
from provisioner.models import Counts, Fingerprint, PlanEntry, ReplacedInput, Status
from tests.account_jobs import NORTH, SETTINGS_OF_MANY, SOUTH, entry_in
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.ledger_samples import INPUT, SETTINGS, TOO_LONG, claim_all, entries, send

CHANGED = [structs.replace(each, sha256=64 * "c") for each in INPUT]
"""The fingerprints of the input after it has changed."""
KEYS = [f"k-{number}" for number in range(1, 31)]


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> LedgerKind:
    """Return a kind of ledger."""
    chosen: LedgerKind = request.param
    return chosen


async def replaced_by(
    kind: LedgerKind,
    folder: Path,
    earlier: Sequence[str],
    planned: Sequence[PlanEntry],
    files: Sequence[Fingerprint] = CHANGED,
) -> ReplacedInput | None:
    """Create all rows of an input, plan another one, and return what is asked about that, None when nothing is."""
    asked: list[ReplacedInput] = []
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    async with open_ledger(kind.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(earlier), INPUT, on_replaced=asked.append)
        for claim in await claim_all(ledger):
            await send(ledger, claim, Status.REJECTED)
        await ledger.plan(planned, files, on_replaced=asked.append)
    return asked[0] if asked else None


async def test_hardly_any_row_of_the_earlier_input_is_asked_about(kind: LedgerKind, tmp_path: Path) -> None:
    """With some keys of both and the names of the earlier files; three of thirty are enough."""
    enough = await replaced_by(kind, tmp_path / "enough", KEYS, entries([*KEYS[-3:], "new"]))
    replaced = await replaced_by(kind, tmp_path / "few", KEYS, entries(["new", *KEYS[-2:]]))

    assert enough is None
    assert replaced == ReplacedInput(
        earlier_rows=30,
        found_rows=2,
        earlier_keys=("k-1", "k-2", "k-3"),
        new_keys=("new",),
        earlier_inputs=("customers.csv",),
    )


async def test_further_uses_of_a_record_are_not_missed(kind: LedgerKind, tmp_path: Path) -> None:
    """A shorter load test makes fewer of them."""
    used = [f"k-1#{number}" for number in range(2, 40)]

    assert await replaced_by(kind, tmp_path, ["k-1", *used], entries(["k-1"])) is None


async def test_keys_that_a_spreadsheet_has_changed_are_asked_about(kind: LedgerKind, tmp_path: Path) -> None:
    """They would be created again, however many others are still there."""
    respelt = await replaced_by(kind, tmp_path, [*KEYS, "00002", "0100", "7"], entries([*KEYS, "2", "100", "7"]))

    assert respelt is not None
    assert sorted(respelt.respelt_keys) == [("00002", "2"), ("0100", "100")]
    assert not respelt.is_read_differently


async def test_the_same_bytes_with_other_rows_are_asked_about(kind: LedgerKind, tmp_path: Path) -> None:
    """An option or a version of the program reads them differently."""
    replaced = await replaced_by(kind, tmp_path, KEYS, entries([*KEYS[1:], "new"]), INPUT)

    assert replaced is not None
    assert (replaced.is_read_differently, replaced.found_rows) == (True, 29)


async def moved_by(kind: LedgerKind, folder: Path, sent: Status, *planned: PlanEntry) -> Sequence[tuple[str, str]]:
    """Send two rows of one account and one of another, plan other ones, and return the rows that have moved."""
    rows = [(NORTH, f"{NORTH}|1"), (NORTH, f"{NORTH}|a|2"), (SOUTH, f"{SOUTH}|3")]
    earlier = [entry_in(account, row, key) for row, (account, key) in enumerate(rows, start=1)]
    asked: list[ReplacedInput] = []
    await asyncio.to_thread(folder.mkdir)
    async with open_ledger(kind.location(folder), SETTINGS_OF_MANY, version="1") as ledger:
        await ledger.plan(earlier, INPUT, on_replaced=asked.append)
        for claim in await claim_all(ledger):
            await send(ledger, claim, sent)
        await ledger.plan([*planned, *earlier[len(planned) :]], CHANGED, on_replaced=asked.append)
    assert all(each.moved_rows == len(each.moved_keys) for each in asked)
    return asked[0].moved_keys if asked else ()


async def test_rows_that_have_moved_to_another_account_are_asked_about(kind: LedgerKind, tmp_path: Path) -> None:
    """They would be created there as well; rows that were refused where they were are not in doubt."""
    moved = entry_in(SOUTH, 1, f"{SOUTH}|1"), entry_in(SOUTH, 2, f"{SOUTH}|a|2", TOO_LONG)
    unnamed = entry_in("", 1, "|1", TOO_LONG)
    others = entry_in(SOUTH, 1, f"{SOUTH}|2"), entry_in(NORTH, 2, f"{NORTH}|3")

    created = await moved_by(kind, tmp_path / "created", Status.CREATED, *moved)
    unknown = await moved_by(kind, tmp_path / "unknown", Status.UNKNOWN, *moved)
    in_none = await moved_by(kind, tmp_path / "none", Status.CREATED, unnamed)

    assert created == unknown == ((f"{NORTH}|1", f"{SOUTH}|1"), (f"{NORTH}|a|2", f"{SOUTH}|a|2"))
    assert in_none == ((f"{NORTH}|1", "|1"),)
    assert not await moved_by(kind, tmp_path / "rejected", Status.REJECTED, *moved)
    assert not await moved_by(kind, tmp_path / "others", Status.CREATED, *others)


async def test_who_says_no_keeps_the_earlier_plan(kind: LedgerKind, tmp_path: Path) -> None:
    """What is raised by whoever is asked is raised, and nothing has changed."""
    error = InputError("belongs to another job", source="customers.csv")

    def refuse(_: ReplacedInput) -> None:
        raise error

    async with open_ledger(kind.location(tmp_path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(KEYS), INPUT)
        for claim in await claim_all(ledger):
            await send(ledger, claim, Status.REJECTED)
        with pytest.raises(InputError) as raised:
            await ledger.plan(entries(["new"]), CHANGED, on_replaced=refuse)
        counts, inputs = await ledger.counts(), await ledger.planned_inputs()

    assert raised.value is error
    assert (counts, inputs) == (Counts(input=30, rejected=30), list(INPUT))
