"""Rows of a job for many accounts: what is planned for each, and that the second pass finds the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import Claim, PlanReport, ReplacedInput, Status
from provisioner.models.accounts import CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.options import RunOptions
from provisioner.planning import entries as entries_module
from provisioner.planning.feed import SourceFeed
from provisioner.planning.input import JobInput, open_input
from provisioner.planning.plan import describe_reading, plan_input, replaced_input_error
from provisioner.rows import IdentityPolicy, digest
from tests.account_jobs import SETTINGS_OF_MANY
from tests.ledger_samples import claim_all, send

NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"
ADDRESS, OTHER_ADDRESS = "IG" + 32 * "a", "IG" + 32 * "b"
PLACE = CredentialsPlace(CredentialsKind.ENVIRONMENT, "X")
TABLE = "id,account_sid,CustomerFriendlyName\n1,North,Ana\n1,South,Ana\n2,West,Bo\n,South,Cy\n3,,Dee\n"


def accounts_of(**addresses: str) -> JobAccounts:
    """Return the accounts north and south with these addresses by name."""
    sids = {"north": NORTH, "south": SOUTH}
    accounts = [
        JobAccount(sid=sids[name], name=name, credentials=PLACE, address_sid=address, line=line)
        for line, (name, address) in enumerate(addresses.items(), start=2)
    ]
    return JobAccounts("accounts.csv", accounts)


@contextmanager
def input_of(folder: Path, *key: str, south: str = ADDRESS) -> Iterator[JobInput]:
    """Open the table as the input of a job for two accounts."""
    file = folder / "in.csv"
    file.write_text(TABLE)
    options = RunOptions(key=key)
    mapping = structs.replace(Mapping.from_options(options), accounts=accounts_of(north=ADDRESS, south=south))
    with open_input([str(file)], options, mapping) as opened:
        yield opened


@pytest.mark.parametrize("is_bulk", [True, False])
def test_a_key_belongs_to_its_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_bulk: bool) -> None:
    """A row that names no account of the job is invalid with a code of its own; an invalid one tells why."""
    if not is_bulk:
        monkeypatch.setattr(entries_module, "digest_plain_rows", lambda *_, **__: None)

    with input_of(tmp_path, "id") as opened:
        entries = list(opened.entries())

    unknown = "account_sid: is none of the accounts of --accounts, by its SID or its name"
    told = [(each.account, each.key, list(map(str, each.problems))) for each in entries]
    assert told == [
        (NORTH, f"{NORTH}|1", []),
        (SOUTH, f"{SOUTH}|1", []),
        ("", "|2", [unknown]),
        (SOUTH, "", ["key (column 'id'): is empty"]),
        ("", "|3", [unknown]),
    ]
    assert [each.error_code for each in entries[2:]] == ["unknown_account", "invalid_row", "unknown_account"]


def test_equal_rows_of_two_accounts_have_different_digests(tmp_path: Path) -> None:
    """Without key columns the content is the key, and the account is a part of the content."""
    with input_of(tmp_path) as opened:
        first, second, *_ = opened.entries()

    assert (first.key, second.key) == ("", "")
    assert first.digest != second.digest


async def test_the_second_pass_finds_the_account_that_was_planned(tmp_path: Path) -> None:
    """What is sent has the account and the address with which it was planned."""
    with input_of(tmp_path, "id", south=OTHER_ADDRESS) as opened:
        claims = [
            Claim(each.row, each.row, each.key, each.digest) for each in opened.entries() if not each.problems
        ]
        feed = SourceFeed(opened, IdentityPolicy("job", "none", ""))
        rows = await feed.rows(claims)

    assert [(each.request.account_sid, each.request.address_sid) for each in rows] == [
        (NORTH, ADDRESS),
        (SOUTH, OTHER_ADDRESS),
    ]
    assert [digest(each.request) for each in rows] == [claim.digest for claim in claims]


def test_a_plan_is_made_again_when_the_accounts_have_changed(tmp_path: Path) -> None:
    """The same bytes are other rows then: they would go to other accounts or addresses."""
    told = []
    for south in (ADDRESS, ADDRESS, OTHER_ADDRESS):
        with input_of(tmp_path, south=south) as opened:
            told.append(describe_reading(opened))

    assert told[0] == told[1] != told[2]


async def test_an_account_of_rows_without_keys_stays_what_it_was(tmp_path: Path) -> None:
    """Once rows were sent, its name and address are part of their keys: other ones would create them again."""
    async with open_ledger(LedgerLocation(tmp_path / "job.ledger"), SETTINGS_OF_MANY, version="1") as ledger:

        async def plan(*key: str, south: str, asks: bool = True) -> PlanReport:
            with input_of(tmp_path, *key, south=south) as opened:
                asked = (lambda _: None) if asks else None
                return await plan_input(ledger, opened, lambda _: None, on_replaced=asked)

        await plan(south=ADDRESS)
        await plan(south=OTHER_ADDRESS)
        for claim in await claim_all(ledger):
            await send(ledger, claim, Status.CREATED)
        with pytest.raises(UsageError, match="line 3: the account has another name or address_sid"):
            await plan(south=ADDRESS)
        same = await plan(south=OTHER_ADDRESS)
        keyed = await plan("id", south=ADDRESS)
        insisted = await plan(south=ADDRESS, asks=False)

    assert (same.is_reused, keyed.added > 0, insisted.counts.pending) == (True, True, 2)


def test_rows_that_have_moved_are_named_with_their_accounts() -> None:
    """The error says of which customers, from where to where, and what may have been meant."""
    replaced = ReplacedInput(
        earlier_rows=9,
        found_rows=6,
        earlier_keys=(),
        new_keys=(),
        earlier_inputs=("in.csv",),
        moved_keys=((f"{NORTH}|7|a", f"{SOUTH}|7|a"), (f"{NORTH}|8", "|8")),
        moved_rows=3,
    )

    error = replaced_input_error(replaced, ["in.csv"], LedgerLocation(Path("job.ledger")))

    assert error.message == (
        "3 rows have a conversation in job.ledger, or perhaps one, and another account now: "
        f"7|a from {NORTH} to {SOUTH}, 8 from {NORTH} to none of the accounts, …"
    )
    assert "--replace-input" in error.cure
