"""What ``check`` finds out, without calling anybody and without leaving anything behind."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.commands.check import FIRST, check_input
from provisioner.errors import InputError, UsageError
from provisioner.models import Counts
from provisioner.options import CheckOptions
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
    assert [request.customer_friendly_name for request in checked.samples] == [f"Customer {n}" for n in range(3)]
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
