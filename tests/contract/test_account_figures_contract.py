"""What every kind of ledger tells of each account of a job for many."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger import Ledger, open_ledger, read_account_figures
from provisioner.models import Counts
from provisioner.models.account_figures import AccountError, AccountFigures
from provisioner.models.output_columns import ACCOUNT_COLUMNS, RESULT_COLUMNS
from tests.account_jobs import BEGAN, NORTH, PLANNED, SETTINGS_OF_MANY, SOUTH, send_in_accounts
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.ledger_samples import INPUT, SETTINGS, entries

Open = Callable[[], AbstractAsyncContextManager[Ledger]]


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> LedgerKind:
    """Return a kind of ledger."""
    chosen: LedgerKind = request.param
    return chosen


@pytest.fixture
def opened(kind: LedgerKind, tmp_path: Path) -> Open:
    """Open the ledger of one job for many accounts, again and again."""
    return lambda: open_ledger(kind.location(tmp_path), SETTINGS_OF_MANY, version="1")


async def test_the_results_end_with_the_account_of_each_row(opened: Open) -> None:
    """It is there for sent, waiting and invalid rows; a row that names none of the accounts has none."""
    async with opened() as ledger:
        await send_in_accounts(ledger)
        with ledger.reader() as reader:
            has_accounts, results = reader.has_accounts(), list(reader.results())
        await ledger.plan(PLANNED[:6], INPUT)
        with ledger.reader() as reader:
            vanished = [structs.asdict(each) for each in reader.vanished_results()]

    assert has_accounts
    assert {each.__struct_fields__ for each in results} == {ACCOUNT_COLUMNS}
    told = [structs.asdict(each)["account_sid"] for each in results]
    assert told == [*6 * [NORTH], *5 * [SOUTH], None]
    assert [(each["key"], each["status"], each["account_sid"]) for each in vanished] == [
        ("s|7", "rejected", SOUTH),
        ("s|8", "rejected", SOUTH),
        ("s|9", "unsent", SOUTH),
        ("s|10", "unsent", SOUTH),
    ]


async def test_the_results_of_a_job_for_one_account_are_as_they_were(kind: LedgerKind, tmp_path: Path) -> None:
    """They have no column of the account."""
    async with open_ledger(kind.location(tmp_path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        await ledger.plan(entries("a"), INPUT)
        with ledger.reader() as reader:
            has_accounts, results = reader.has_accounts(), [*reader.results(), *reader.vanished_results()]

    assert not has_accounts
    assert {each.__struct_fields__ for each in results} == {RESULT_COLUMNS}


def figures(account_sid: str, counts: Counts, rate: float | None, *errors: tuple[str, str, int]) -> AccountFigures:
    """Return the figures of an account with errors of (status, code, rows)."""
    told = tuple(AccountError(status=status, error_code=code, rows=rows) for status, code, rows in errors)
    return AccountFigures(account_sid=account_sid, counts=counts, rate=rate, errors=told)


async def test_each_account_has_figures_of_its_own(opened: Open) -> None:
    """Counts, rate and errors; while a run is at work, the rate is of the last minute, and falls in a pause."""
    north, south = Counts(input=6, created=4, pending=2), Counts(input=5, rejected=2, pending=2, invalid=1)
    faults = ("rejected", "45745", 2), ("invalid", "invalid_row", 1)
    async with opened() as ledger:
        await send_in_accounts(ledger)
        with ledger.reader() as reader:
            after = read_account_figures(reader, now=BEGAN + 3, is_running=False)
            at_work = read_account_figures(reader, now=BEGAN + 2, is_running=True)
            in_a_pause = read_account_figures(reader, now=BEGAN + 10, is_running=True)
            long_after = read_account_figures(reader, now=BEGAN + 90, is_running=True)

    assert after == [figures(NORTH, north, 2.0), figures(SOUTH, south, 1.0, *faults)]
    assert at_work == after
    assert in_a_pause == [figures(NORTH, north, 0.3), figures(SOUTH, south, 0.1, *faults)]
    assert long_after == [figures(NORTH, north, 0.0), figures(SOUTH, south, 0.0, *faults)]


async def test_attempts_are_told_with_their_account(opened: Open) -> None:
    """In the order in which they were recorded, and otherwise as without accounts."""
    async with opened() as ledger:
        await send_in_accounts(ledger)
        with ledger.reader() as reader:
            with_accounts, without = list(reader.accounts.attempts("create")), list(reader.attempts("create"))

    assert [sid for sid, _ in with_accounts] == [*4 * [NORTH], *2 * [SOUTH]]
    assert [attempt for _, attempt in with_accounts] == without


async def test_a_job_for_one_account_has_no_figures_of_accounts(kind: LedgerKind, tmp_path: Path) -> None:
    """Nothing of it is told twice."""
    async with open_ledger(kind.location(tmp_path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        with ledger.reader() as reader:
            assert read_account_figures(reader, now=BEGAN, is_running=False) == ()
