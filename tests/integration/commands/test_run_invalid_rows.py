"""What a run says of rows that cannot be sent, and which command it names next."""

from pathlib import Path

import pytest

from provisioner.errors import ExitCode
from provisioner.models import Counts
from tests.integration.commands.job import ADDRESS, ENVIRON, Job
from tests.stub_twilio import stub_twilio

TWINS = "id;Name;address_sid\n1;Ana;\n2;Bo;ADx\n1;Cy;\n1;Dee;\n"
NAMED = ("customer_friendly_name={Name}",)
REASONS = (
    "2 rows invalid: key: the same key as row 1 (line 2) (rows 3, 4)",
    (
        "1 row invalid: address_sid: begins with AD, like the SID of a postal address; one is IG and 32 "
        "hexadecimal digits (row 2)"
    ),
)


@pytest.fixture
def file(job: Job) -> Path:
    """Write an input with one row to send and three that are invalid."""
    path = job.folder / "customers.csv"
    path.write_text(TWINS)
    return path


@pytest.mark.parametrize("is_strict", [False, True])
async def test_invalid_rows_are_told_by_reason_and_listed_by_check(
    job: Job, file: Path, *, is_strict: bool
) -> None:
    """Reason, how many, first row numbers, and check with the options by which the run reads and maps its input.

    With --strict, the same command would fail again, so that check is the next one.
    """
    async with stub_twilio() as twilio:
        summary = await job.run(twilio.url, set=NAMED, key=("id",), delimiter=";", strict=is_strict)

    lists = next(note for note in summary.notes if note.startswith("provisioner check"))
    assert summary.notes[:2] == REASONS
    assert lists.startswith(f"provisioner check {file} ")
    for flag in ("--delimiter ';'", "--set 'customer_friendly_name={Name}'", "--key id", "--address-sid IG"):
        assert flag in lists
    assert "Ana" not in "".join(summary.notes)
    assert len(twilio.calls) == (0 if is_strict else 1)
    assert summary.exit_code is (ExitCode.STRICT if is_strict else ExitCode.REJECTED)
    assert lists.startswith(f"{summary.next_command} lists") is is_strict
    assert (summary.next_command == "") is not is_strict


async def test_an_address_that_every_command_finds_is_not_repeated(job: Job, file: Path) -> None:
    """It stands in the environment, under its name for all commands."""
    async with stub_twilio() as twilio:
        environ = {**ENVIRON, "PROVISIONER_ADDRESS_SID": ADDRESS}
        summary = await job.run(twilio.url, environ=environ, set=NAMED, delimiter=";")

    assert summary.counts == Counts(input=4, created=1, invalid=3)
    assert not any("--address-sid" in note for note in summary.notes)
    assert str(file) in summary.notes[2]
