"""Windows, time limits and dated names, in runs inside one process."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.run import run_job
from provisioner.errors import ExitCode, UsageError
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import RunOptions
from tests.quiet_ui import QuietUserInterface
from tests.stub_twilio import failing, hanging_up, per_row, stub_twilio

ENVIRON = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "invented"}
COMMAND = "provisioner run customers.csv -o 'results-{date}.csv'"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write three customers."""
    path = tmp_path / "customers.csv"
    path.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bo\n3,Cy\n")
    return path


async def start(file: Path, url: str, ui: QuietUserInterface | None = None, **how: Any) -> Summary:
    """Run the three customers, as fast as it goes."""
    usual = RunOptions(
        output=file.with_name("results.csv"), base_url=url, rate="0", address_sid="IG" + 32 * "a", key=("id",)
    )
    environment = ProcessEnvironment(ENVIRON, file.parent, COMMAND)
    return await run_job([str(file)], replace(usual, **how), environment, ui or QuietUserInterface())


def closed_now() -> str:
    """Return a window that opens in two hours and closes an hour later."""
    opens = datetime.now().astimezone() + timedelta(hours=2)
    return f"{opens:%H}:00-{opens + timedelta(hours=1):%H}:00"


async def test_outside_of_its_window_a_run_sends_nothing_and_says_until_when(file: Path) -> None:
    """It waits, and shows that it does; what ends it there is the limit of its time, resumable."""
    ui = QuietUserInterface()
    hours = closed_now()

    async with stub_twilio() as twilio:
        summary = await start(file, twilio.url, ui, rate="1000", window=hours, max_duration="0.5s")
        finished = await start(file, twilio.url)
        calls = len(twilio.calls)

    assert calls == 3
    assert summary.counts is not None
    assert (summary.exit_code, summary.outcome) == (ExitCode.AS_PLANNED, CommandOutcome.PLANNED)
    assert (summary.counts.unsent, summary.counts.unknown) == (3, 0)
    assert summary.error is None
    assert "stopped as planned: --max-duration 0.5s is over, 3 rows wait" in summary.notes
    assert summary.next_command == COMMAND
    assert f"nothing starts outside of --window {hours}" in ui.plans[0].notes
    assert ui.plans[0].finishes_at is not None
    assert f"{ui.plans[0].finishes_at.astimezone():%H:%M}" == hours[:5]
    assert finished.exit_code is ExitCode.DONE


async def test_a_waiting_run_shows_when_it_goes_on(file: Path) -> None:
    """The display says until when, by the window's clocks."""
    states = list[str]()

    class Face(QuietUserInterface):
        def progress(self, source: Any) -> Any:
            def look() -> None:
                if (state := source().state).startswith("paused"):
                    states.append(state)
                else:
                    asyncio.get_running_loop().call_later(0.01, look)

            asyncio.get_running_loop().call_soon(look)
            return super().progress(source)

    hours = closed_now()
    async with stub_twilio() as twilio:
        await start(file, twilio.url, Face(), window=hours, max_duration="1s")

    offset = datetime.now().astimezone().isoformat()[-6:]
    assert states == [f"paused until {hours[:5]}{offset} (window)"]


async def test_inside_of_its_window_a_run_runs(file: Path) -> None:
    """An open window changes nothing."""
    now = datetime.now().astimezone()
    hours = f"{now:%H}:00-{now + timedelta(hours=2):%H}:00"

    async with stub_twilio() as twilio:
        summary = await start(file, twilio.url, window=hours, max_duration="1m")

    assert (summary.exit_code, summary.error) == (ExitCode.DONE, None)


async def test_dated_names_are_those_of_the_run(file: Path) -> None:
    """Results and ledger have the day in their names, in the zone asked for, and are told with it."""
    async with stub_twilio() as twilio:
        summary = await start(
            file, twilio.url, output=file.with_name("results-{date}.csv"), tz="Pacific/Kiritimati", limit=1
        )

    (results,) = file.parent.glob("results-????-??-??.csv")
    assert summary.output == str(results)
    assert summary.ledger == f"{results}.ledger"
    assert sorted(each.name for each in file.parent.iterdir()) == sorted(
        ["customers.csv", results.name, f"{results.name}.ledger"]
    )
    assert summary.next_command == f"provisioner run customers.csv -o 'results-{{date}}.csv' -o {results}"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"window": "late"}, "--window 'late' is not a window"),
        ({"tz": "Mars/Olympus"}, "--tz 'Mars/Olympus' is not a time zone"),
        ({"max_duration": "soon"}, "--max-duration 'soon' is not a length of time"),
        ({"max_duration": "0s"}, "--max-duration '0s' is zero"),
    ],
)
async def test_hours_that_make_no_sense_are_refused(file: Path, how: dict[str, Any], words: str) -> None:
    """Before anything is opened."""
    with pytest.raises(UsageError) as refusal:
        await start(file, "http://127.0.0.1:9", **how)

    assert refusal.value.message.startswith(words)
    assert [each.name for each in file.parent.iterdir()] == ["customers.csv"]


async def test_a_time_limit_ends_looking_up_as_well(file: Path) -> None:
    """Rows that are looked up when the time is over stay unknown, which outranks that it ended as planned."""
    answers = {"Bo": lambda _twilio, _call: hanging_up}

    async with stub_twilio(per_row(answers)) as twilio:
        twilio.listing = failing(503, 20503)
        summary = await start(file, twilio.url, max_duration="0.5s", settle_delay=5.0)

    assert (summary.exit_code, summary.outcome) == (ExitCode.UNKNOWN, CommandOutcome.PLANNED)
    assert summary.counts is not None
    assert (summary.counts.created, summary.counts.unknown) == (2, 1)
