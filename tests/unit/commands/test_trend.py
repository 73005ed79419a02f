"""The page about the runs of a schedule."""

import json
import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.commands.report import write_report
from provisioner.errors import ExitCode, UsageError
from provisioner.ledger import LedgerLocation, open_ledger
from provisioner.options import ReportOptions
from tests.ledger_samples import INPUT, SETTINGS, entries
from tests.unit.report.test_page import BEGAN, Texts, ledger_of
from tests.unit.report.test_page_runs_nothing import HOSTILE, Structure, assert_inert

KEYS = [f"C-{n}" for n in range(8)]


async def nights(folder: Path, latencies: list[float], *, name: str = "load") -> Path:
    """Make a ledger for each night, all rows of which took as long, and return their folder."""
    for number, took_s in enumerate(latencies, start=1):
        ledger = await ledger_of(
            made(folder) / f"{name}-2026-11-{number:02}.csv.ledger", KEYS, took_s=took_s, rate="2/s"
        )
        dated(ledger, BEGAN + 86_400 * number)
    return folder


def made(folder: Path) -> Path:
    """Make a folder, and return it."""
    folder.mkdir(exist_ok=True)
    return folder


def dated(ledger: Path, began: float) -> None:
    """Let the runs of a ledger have been at another time."""
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE runs SET started = ?, ended = ?", (began, began + 60))


async def test_a_newest_run_that_is_worse_ends_with_99(tmp_path: Path) -> None:
    """The page, the error and the summary tell by which figure; the older runs are the measure."""
    folder = await nights(tmp_path / "nights", [0.2, 0.21, 0.19, 0.2, 0.4])

    summary = write_report([folder], ReportOptions())

    assert summary.exit_code is ExitCode.THRESHOLDS
    assert summary.error is not None
    assert "load-{date}.csv.ledger: p95 from due 410 ms, median of 4 before 210 ms" in summary.error.message
    assert summary.output == str(folder / "trend.html")
    (schedule,) = json.loads(summary.to_json())["schedules"]
    assert schedule["limit"] == 0.2
    assert [each["figure"] for each in schedule["judged"] if each["is_worse"]] == ["p95 from due"]
    page = (folder / "trend.html").read_text(encoding="utf-8")
    assert "Worse" in Texts(page).texts


async def test_a_page_has_the_newest_run_first_and_the_charts_from_left_to_right(tmp_path: Path) -> None:
    """A table is read from the top, and a course from the left."""
    folder = await nights(tmp_path / "nights", [0.2, 0.3, 0.25, 0.2])

    summary = write_report([folder], ReportOptions(tz="UTC"))

    page = (folder / "trend.html").read_text(encoding="utf-8")
    rows = re.findall(r'<th scope="row">(2023-11-\d\d)', page.split("Runs, newest first")[1])
    assert summary.exit_code is ExitCode.DONE
    assert rows == ["2023-11-18", "2023-11-17", "2023-11-16", "2023-11-15"]
    charted = re.findall(r'<th scope="row">(2023-11-\d\d)', page.split("</table>")[1])
    assert charted == sorted(charted) == rows[::-1]
    assert page.count("<svg class") == 3


async def test_a_limit_of_the_user_holds_and_off_judges_nothing(tmp_path: Path) -> None:
    """A p95 that is half as high again passes with 60 %."""
    folder = await nights(tmp_path / "nights", [0.2, 0.2, 0.2, 0.3])

    codes = [write_report([folder], ReportOptions(regress=limit)).exit_code for limit in ("", "60%", "off")]

    assert codes == [ExitCode.THRESHOLDS, ExitCode.DONE, ExitCode.DONE]


async def test_ledgers_that_are_named_one_by_one_are_a_schedule_with_a_limit(tmp_path: Path) -> None:
    """A shell may have expanded the pattern; without the limit they are compared."""
    folder = await nights(tmp_path / "nights", [0.2, 0.2, 0.2, 0.4])
    ledgers = sorted(folder.glob("*.ledger"))

    judged = write_report(ledgers, ReportOptions(output=tmp_path / "trend.html", regress="20%"))
    compared = write_report(ledgers, ReportOptions(output=tmp_path / "both.html"))

    assert (judged.exit_code, compared.exit_code) == (ExitCode.THRESHOLDS, ExitCode.DONE)
    assert "Comparison" in (tmp_path / "both.html").read_text(encoding="utf-8")


async def test_too_few_runs_are_no_success_and_no_failure(tmp_path: Path) -> None:
    """The exit code is 0, and a note says that nothing was judged."""
    folder = await nights(tmp_path / "nights", [0.2, 0.2, 9.0])

    summary = write_report([folder], ReportOptions())

    assert summary.exit_code is ExitCode.DONE
    assert "was not judged, 3 runs with figures before it are needed" in summary.notes[0]
    assert "Not judged" in Texts((folder / "trend.html").read_text(encoding="utf-8")).texts


async def test_each_schedule_of_a_folder_is_judged_by_its_own_runs(tmp_path: Path) -> None:
    """Two load tests of different speed do not make each other worse."""
    folder = await nights(tmp_path / "nights", [0.2, 0.2, 0.2, 0.2])
    await nights(folder, [2.0, 2.0, 2.0, 2.0], name="heavy")

    summary = write_report([folder], ReportOptions())

    assert summary.exit_code is ExitCode.DONE
    assert [each["name"] for each in summary.details["schedules"]] == [
        "heavy-{date}.csv.ledger",
        "load-{date}.csv.ledger",
    ]


async def test_what_is_no_run_of_a_schedule_is_omitted_and_told(tmp_path: Path) -> None:
    """A damaged ledger, and one by which nothing was sent, hide no other night."""
    folder = await nights(tmp_path / "nights", [0.2, 0.2, 0.2, 0.2])
    (folder / "load-2026-11-20.csv.ledger").write_bytes(random.Random(1).randbytes(5_000))
    async with open_ledger(LedgerLocation(folder / "load-2026-11-21.csv.ledger"), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["C-1"]), INPUT)

    summary = write_report([folder], ReportOptions())

    assert len(summary.notes) == 2
    assert "load-2026-11-20.csv.ledger" in summary.notes[0]
    assert summary.notes[1].startswith("not shown: no run has sent rows by")
    assert [len(each["runs"]) for each in summary.details["schedules"]] == [4]


async def test_a_folder_of_ledgers_without_runs_is_a_mistake_that_is_named(tmp_path: Path) -> None:
    """No page is written."""
    async with open_ledger(LedgerLocation(tmp_path / "job.ledger"), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["C-1"]), INPUT)

    with pytest.raises(UsageError, match="no run has sent rows"):
        write_report([tmp_path], ReportOptions())

    assert not (tmp_path / "trend.html").exists()


async def test_a_page_about_a_schedule_replaces_no_ledger(tmp_path: Path) -> None:
    """Not one of its folder either."""
    folder = await nights(tmp_path / "nights", [0.2])
    ledger = next(folder.glob("*.ledger"))

    with pytest.raises(UsageError, match="is the ledger"):
        write_report([folder], ReportOptions(output=ledger))


async def test_a_page_about_a_schedule_runs_nothing_whatever_its_ledgers_are_called(tmp_path: Path) -> None:
    """Names of files and settings stay text."""
    ledger = await ledger_of(tmp_path / "plain.ledger", KEYS, rate="2/s")
    pages = []
    for number, name in enumerate(("plain", *HOSTILE)):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(ledger, folder / f"{name.replace('/', '').replace(chr(0), '')[:60]}.csv.ledger")
        write_report([folder], ReportOptions(output=tmp_path / "trend.html"))
        pages.append(Structure((tmp_path / "trend.html").read_text(encoding="utf-8", errors="surrogateescape")))

    assert {tuple(page.elements) for page in pages} == {tuple(pages[0].elements)}
    for page in pages:
        assert_inert(page)
