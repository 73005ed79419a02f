"""The page about the runs of a schedule whose ledgers are jobs of a database."""

import json
from pathlib import Path

import pytest

from provisioner.commands.report import write_report
from provisioner.errors import ExitCode, UsageError
from provisioner.options import ReportOptions
from tests.postgres_server import address_of_session
from tests.unit.report.test_page import ledger_of

KEYS = [f"C-{n}" for n in range(8)]


@pytest.fixture
def address() -> str:
    """Return the address of a database, to which the name of a job is added."""
    return f"{address_of_session()}&job="


async def test_a_pattern_in_the_name_of_the_job_stands_for_the_jobs_it_matches(
    tmp_path: Path, address: str
) -> None:
    """They are one schedule, told by their names; other jobs of the database have no part in it."""
    for night, took_s in enumerate([0.2, 0.21, 0.19, 0.2, 0.4], start=1):
        await ledger_of(Path(f"{address}trend-2026-11-{night:02}.csv"), KEYS, took_s=took_s)
    await ledger_of(Path(f"{address}other-2026-11-09.csv"), KEYS)

    summary = write_report([Path(f"{address}trend-{{date}}.csv")], ReportOptions(output=tmp_path / "trend.html"))

    assert summary.exit_code is ExitCode.THRESHOLDS
    (schedule,) = json.loads(summary.to_json())["schedules"]
    assert schedule["name"] == "trend-{date}.csv"
    assert [run["ledger"] for run in schedule["runs"]] == [
        f"trend-2026-11-{night:02}.csv" for night in (5, 4, 3, 2, 1)
    ]


def test_a_pattern_that_matches_no_job_is_told(tmp_path: Path, address: str) -> None:
    """As for a folder without a ledger; the address is shown as it was written."""
    with pytest.raises(UsageError, match=r"job=nothing-\*: no ledger is there"):
        write_report([Path(f"{address}nothing-*")], ReportOptions(output=tmp_path / "trend.html"))
