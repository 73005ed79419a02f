"""When an input is planned anew, and when the last plan stands."""

from pathlib import Path

import pytest

from provisioner.ledger import LedgerLocation, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import PlanReport
from provisioner.options import InputOptions, MappingOptions
from provisioner.planning.input import open_input
from provisioner.planning.plan import plan_input

SETTINGS = {"account": "AC" + 32 * "1"}
MAPPING = Mapping.from_options(MappingOptions(address_sid="IG" + 32 * "a"))


async def plan(folder: Path, options: InputOptions) -> PlanReport:
    """Plan the one file in a folder into the ledger in it."""
    with open_input([str(folder / "in.csv")], options, MAPPING) as job_input:
        async with open_ledger(LedgerLocation(folder / "job.ledger"), SETTINGS, version="0") as ledger:
            return await plan_input(ledger, job_input, lambda _rows: None)


@pytest.mark.parametrize(
    ("before", "now", "is_reused"),
    [
        (InputOptions(), InputOptions(), True),
        (InputOptions(encoding="cp1252"), InputOptions(encoding="windows-1252"), True),
        (InputOptions(encoding="cp1252"), InputOptions(encoding="iso8859-5"), False),
        (InputOptions(), InputOptions(delimiter=";"), False),
    ],
)
async def test_the_same_bytes_read_in_another_way_are_another_input(
    before: InputOptions, now: InputOptions, *, is_reused: bool, tmp_path: Path
) -> None:
    """A plan is made anew when the encoding or the delimiter changes, or its rows would not be found again."""
    (tmp_path / "in.csv").write_bytes(b"CustomerFriendlyName,Plan\nAna,gold\n")

    await plan(tmp_path, before)
    report = await plan(tmp_path, now)

    assert report.is_reused is is_reused
