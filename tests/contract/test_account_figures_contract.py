"""What every kind of ledger tells of each account of a job for many."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger import Ledger, open_ledger
from provisioner.models import PlanEntry, Problem, Status
from provisioner.models.accounts import BY_ROW
from provisioner.models.output_columns import ACCOUNT_COLUMNS, RESULT_COLUMNS
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.ledger_samples import INPUT, SETTINGS, TOO_LONG, claim_all, entries, entry, send
from tests.sids import sid

NORTH, SOUTH = sid("AC", 1), sid("AC", 2)
NO_ACCOUNT = Problem("account_sid", "Region", "is none of the accounts")

Open = Callable[[], AbstractAsyncContextManager[Ledger]]


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> LedgerKind:
    """Return a kind of ledger."""
    chosen: LedgerKind = request.param
    return chosen


@pytest.fixture
def opened(kind: LedgerKind, tmp_path: Path) -> Open:
    """Open the ledger of one job for many accounts, again and again."""
    return lambda: open_ledger(kind.location(tmp_path), {**SETTINGS, "account": BY_ROW}, version="1")


def entry_in(account: str, row: int, key: str, *problems: Problem) -> PlanEntry:
    """Return the plan entry of a row in an account."""
    return structs.replace(entry(row, key, None, *problems), account=account)


PLANNED = [
    entry_in(NORTH, 1, "n|1"),
    entry_in(SOUTH, 2, "s|1"),
    entry_in(SOUTH, 3, "s|2", TOO_LONG),
    entry_in("", 4, "", NO_ACCOUNT),
    entry_in(SOUTH, 5, "s|3"),
]


async def test_the_results_end_with_the_account_of_each_row(opened: Open) -> None:
    """It is there for sent, waiting and invalid rows; a row that names none of the accounts has none."""
    async with opened() as ledger:
        await ledger.plan(PLANNED, INPUT)
        await send(ledger, (await claim_all(ledger))[1], Status.CREATED)
        await ledger.plan(PLANNED[:1], INPUT)
        with ledger.reader() as reader:
            vanished = list(reader.vanished_results())
        await ledger.plan(PLANNED, INPUT)
        with ledger.reader() as reader:
            has_accounts, results = reader.has_accounts(), list(reader.results())

    assert has_accounts
    assert [structs.asdict(each).get("account_sid") for each in results] == [NORTH, SOUTH, SOUTH, None, SOUTH]
    assert {each.__struct_fields__ for each in results} == {ACCOUNT_COLUMNS}
    told = [structs.asdict(each) for each in vanished]
    assert [(each["key"], each["status"], each["account_sid"]) for each in told] == [
        ("s|1", "created", SOUTH),
        ("s|3", "unsent", SOUTH),
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
