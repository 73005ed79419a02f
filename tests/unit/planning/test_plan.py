"""When an input is planned anew, and when the last plan stands."""

from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import LATER_FIELDS, PlanReport
from provisioner.options import InputOptions, MappingOptions
from provisioner.planning.input import RowSettings, open_input
from provisioner.planning.plan import plan_input

SETTINGS = {"account": "AC" + 32 * "1"}
AS_FOUND = InputOptions()
MAPPING = Mapping.from_options(MappingOptions(address_sid="IG" + 32 * "a"))


SAYING = RowSettings(must_say_something=True)
BLANK = RowSettings()


async def plan(
    folder: Path, options: InputOptions = AS_FOUND, rows: RowSettings = BLANK, mapping: Mapping = MAPPING
) -> PlanReport:
    """Plan the one file in a folder into the ledger in it."""
    return (await planned(folder, options, rows, mapping))[0]


async def planned(
    folder: Path, options: InputOptions = AS_FOUND, rows: RowSettings = BLANK, mapping: Mapping = MAPPING
) -> tuple[PlanReport, tuple[str, ...]]:
    """Plan it in the same way, and return the remarks about the input as well."""
    with open_input([str(folder / "in.csv")], options, mapping, rows) as job_input:
        async with open_ledger(LedgerLocation(folder / "job.ledger"), SETTINGS, version="0") as ledger:
            return await plan_input(ledger, job_input, lambda _rows: None), job_input.notes


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


async def test_a_plan_is_made_anew_when_columns_fill_other_fields(tmp_path: Path) -> None:
    """A version of the program that knows more fields makes other rows of the same bytes."""
    (tmp_path / "in.csv").write_bytes(b"CustomerFriendlyName,Author\nAna,Jane\n")

    reports = [
        await plan(tmp_path, mapping=mapping)
        for mapping in (structs.replace(MAPPING, unnamed=LATER_FIELDS), MAPPING, MAPPING)
    ]

    assert [report.is_reused for report in reports] == [False, False, True]


async def test_blank_rows_are_refused_in_a_plan_that_is_reused(tmp_path: Path) -> None:
    """A run that accepts them has planned the same bytes before; one that does not is refused all the same."""
    (tmp_path / "in.csv").write_bytes(b"CustomerFriendlyName,Plan\n,gold\n,silver\n")

    await plan(tmp_path, rows=BLANK)
    with pytest.raises(UsageError) as refusal:
        await plan(tmp_path, rows=SAYING)

    assert "no row has a name, data or a message" in refusal.value.message
    assert (await plan(tmp_path, rows=BLANK)).is_reused


async def test_the_remark_about_some_blank_rows_comes_with_every_run(tmp_path: Path) -> None:
    """The findings of the plan pass hold for the runs that reuse its plan."""
    (tmp_path / "in.csv").write_bytes(b"CustomerFriendlyName,Plan\n,gold\nAna,silver\n,gold\n")

    first, again = [await planned(tmp_path, rows=SAYING) for _ in range(2)]

    assert (first[0].is_reused, again[0].is_reused) == (False, True)
    assert first[1] == again[1]
    assert any("2 rows have no name, data or message" in note for note in again[1])


async def test_a_plan_whose_findings_are_not_known_is_made_anew(tmp_path: Path) -> None:
    """An earlier build of the same version kept none, and a text that is none is not trusted."""
    (tmp_path / "in.csv").write_bytes(b"CustomerFriendlyName,Plan\nAna,gold\n")
    await plan(tmp_path)
    async with open_ledger(LedgerLocation(tmp_path / "job.ledger"), SETTINGS, version="0") as ledger:
        await ledger.set_notes(findings="")

    assert [(await plan(tmp_path)).is_reused for _ in range(2)] == [False, True]
