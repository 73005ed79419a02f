"""What ``check`` finds out, without calling anybody and without leaving anything behind."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.commands.check import FIRST, check_input, check_job
from provisioner.errors import ExitCode, InputError, UsageError
from provisioner.models import Counts
from provisioner.options import CheckOptions
from provisioner.signals import StopSignals
from tests.quiet_ui import QuietUserInterface

PLAIN = CheckOptions(address_sid="IG" + 32 * "a")


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    """Give a file of 30 rows of which every second one is too short."""
    file = tmp_path / "customers.csv"
    rows = "".join(f"{number},Customer {number}\n{number}\n" for number in range(15))
    file.write_text(f"id,CustomerFriendlyName\n{rows}\n{'0' * 5}\n" + "x\n" * 10)
    return file


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_a_check_is_the_plan_of_a_run(customers: Path) -> None:
    """Counts, time and samples are those that a run would have, and every problem has its place."""
    ui = QuietUserInterface()

    checked = await check_input([str(customers)], replace(PLAIN, rate="5/s"), ui)

    assert checked.plan.counts == Counts(input=41, pending=15, invalid=26)
    assert (checked.plan.to_send, checked.plan.rate_asked, checked.plan.duration_s) == (15, 5.0, 3.0)
    names = [request.customer_friendly_name for request in checked.preview.requests]
    assert names == [f"Customer {number}" for number in range(3)]
    assert [name for name, _ in checked.detections] == [str(customers)]
    assert (checked.invalid[0].line, checked.invalid[0].row) == (3, 2)
    assert str(checked.invalid[0].problems[0]) == "has 1 field, the header has 2"


@pytest.mark.parametrize(("options", "listed"), [(PLAIN, FIRST), (replace(PLAIN, all=True), 26)])
async def test_the_first_invalid_rows_are_listed_or_all(
    customers: Path, options: CheckOptions, listed: int
) -> None:
    """A list of a million problems helps nobody who did not ask for it."""
    checked = await check_input([str(customers)], options, QuietUserInterface())

    assert checked.plan.counts.invalid == 26
    assert len(checked.invalid) == listed


NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"


async def test_a_check_says_to_which_account_each_row_goes(tmp_path: Path) -> None:
    """The accounts of --accounts give rows their account and address; a row that names none of them is invalid."""
    accounts, customers = tmp_path / "accounts.csv", tmp_path / "customers.csv"
    address = "IG" + 32 * "b"
    accounts.write_text(
        f"name,account_sid,credentials,address_sid,rate\nNorth,{NORTH},env:N,{address},5/s\n,{SOUTH},env:S,,\n"
    )
    customers.write_text(f"id,account_sid,CustomerFriendlyName\n1,North,Ana\n1,{SOUTH},Bo\n2,West,Cy\n")
    options = replace(PLAIN, accounts=str(accounts), key=("id",))

    checked = await check_input([str(customers)], options, QuietUserInterface())

    sent = [(request.account_sid, request.address_sid) for request in checked.preview.requests]
    assert sent == [(NORTH, address), (SOUTH, PLAIN.address_sid)]
    assert [str(each) for row in checked.invalid for each in row.problems] == [
        "account_sid: is none of the accounts of --accounts, by its SID or its name"
    ]
    told = [(each.name, each.counts.pending, each.rate_asked, each.duration_s) for each in checked.plan.accounts]
    assert told == [("North", 1, 5.0, 0.2), ("", 1, 4.0, 0.25)]
    assert (checked.plan.rate_asked, checked.plan.duration_s) == (9.0, 0.25)
    with pytest.raises(UsageError, match="--history with --accounts"):
        await check_input([str(customers)], replace(options, history="old.csv"), QuietUserInterface())


async def test_a_check_leaves_nothing_behind(
    customers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ledger is gone with it."""
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))

    await check_input([str(customers)], PLAIN, QuietUserInterface())

    assert names_in(spare) == []
    assert names_in(tmp_path) == ["customers.csv", "spare"]


async def test_what_cannot_be_checked_is_refused(customers: Path) -> None:
    """An option without sense and a file that is not there end the check with a cure."""
    with pytest.raises(UsageError, match="--rate 'fast' is not a rate"):
        await check_input([str(customers)], replace(PLAIN, rate="fast"), QuietUserInterface())
    with pytest.raises(InputError, match="does not exist"):
        await check_input(["nobody.csv"], PLAIN, QuietUserInterface())


async def test_only_rows_that_will_be_sent_are_previewed(tmp_path: Path) -> None:
    """A row whose key an earlier one has is well formed, and is not sent."""
    file = tmp_path / "twins.csv"
    file.write_text("id,CustomerFriendlyName\n1,Ana\n1,Bo\n2,Cy\n2,Dee\n3,Eve\n")

    checked = await check_input([str(file)], replace(PLAIN, key=("id",)), QuietUserInterface())

    assert [request.customer_friendly_name for request in checked.preview.requests] == ["Ana", "Cy", "Eve"]


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("a.csv", "id,CustomerFriendlyName\n1,Ana\n2\n3,Cy\n", Counts(input=3, pending=2, invalid=1)),
        (
            "a.jsonl",
            '{"CustomerFriendlyName": "Ana"}\n{"identity": " blank"}\n',
            Counts(input=2, pending=1, invalid=1),
        ),
    ],
)
async def test_without_an_address_everything_else_is_checked(
    tmp_path: Path, name: str, text: str, counts: Counts
) -> None:
    """Rows are judged by all else, and what stands in for the address is shown nowhere."""
    file = tmp_path / name
    file.write_text(text)

    summary = await check_job([str(file)], CheckOptions(), QuietUserInterface(), StopSignals())

    assert (summary.counts, summary.exit_code) == (counts, ExitCode.USAGE)
    assert summary.details["address_missing"] is True
    assert summary.details["verdict"] == "ready but for the address: --address-sid IG…; 1 row is invalid"
    assert not any("address_sid" in request for request in summary.details["requests"])
    assert summary.details["mapping"][0] == {"field": "address_sid", "from": "nothing", "example": ""}
    assert summary.error is not None
    assert "--address-sid IG…" in summary.error.cure


async def test_an_empty_cell_of_an_address_column_is_an_invalid_row(tmp_path: Path) -> None:
    """As in a run: the column says where addresses come from, and one is missing."""
    file = tmp_path / "a.csv"
    file.write_text(f"CustomerFriendlyName,address_sid\nAna,{PLAIN.address_sid}\nBo,\n")

    summary = await check_job([str(file)], CheckOptions(), QuietUserInterface(), StopSignals())

    assert (summary.exit_code, summary.error) == (ExitCode.REJECTED, None)
    assert summary.details["address_missing"] is False
    assert summary.details["verdict"] == "1 row is invalid, the other 1 can be sent"


@pytest.mark.parametrize(
    ("given", "is_private", "is_shown"), [(0, True, False), (1, False, False), (1, True, True), (2, False, True)]
)
async def test_values_are_shown_on_a_terminal_or_when_asked_for_twice(
    tmp_path: Path, given: int, *, is_private: bool, is_shown: bool
) -> None:
    """Once is for somebody's own eyes; where it is not followed a note says how it would be."""
    file = tmp_path / "a.csv"
    file.write_text("CustomerFriendlyName\nAna Example\n")
    ui = QuietUserInterface(is_answer_private=is_private)

    summary = await check_job([str(file)], replace(PLAIN, show_values=given), ui, StopSignals())

    assert ("Ana Example" in summary.to_json()) is is_shown
    assert bool(summary.notes) is (given == 1 and not is_shown)
