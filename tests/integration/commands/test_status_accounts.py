"""What the commands that only read a ledger tell of a job for many accounts."""

import asyncio
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from provisioner.errors import ExitCode
from provisioner.ledger import LedgerLocation, open_ledger
from tests.account_jobs import NORTH, SETTINGS_OF_MANY, SOUTH, cells_of, send_in_accounts
from tests.ledger_samples import INPUT, SETTINGS, entries


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a ledger in the working folder, whose run has sent in two accounts."""

    async def make() -> None:
        async with open_ledger(LedgerLocation("job.ledger"), SETTINGS_OF_MANY, version="1") as opened:
            await send_in_accounts(opened)
            await opened.finish_run(ExitCode.REJECTED)

    monkeypatch.chdir(tmp_path)
    asyncio.run(make())
    return "job.ledger"


def told(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    """Return what a command tells a program."""
    assert main([*command, "--json"]) == ExitCode.DONE
    return json.loads(capsys.readouterr().out)


def test_status_has_a_line_for_each_account(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With rows by status, those that are left, the rate, and the most frequent error; rows in none are told."""
    assert main(["status", ledger]) == ExitCode.DONE

    lines = capsys.readouterr().out.splitlines()
    assert "account: each row names its own, real: conversations at Twilio" in lines
    titles = ["account", "rows", "created", "rejected", "unknown", "unsent", "invalid", "left", "rate", "error"]
    assert cells_of(lines, "account  ") == titles
    assert cells_of(lines, NORTH) == [NORTH, "6", "4", "0", "0", "0", "0", "2", "2/s"]
    assert cells_of(lines, SOUTH) == [SOUTH, "5", "0", "2", "0", "0", "1", "2", "1/s", "45745", "(2)"]
    assert "1 row names none of the accounts" in lines


def test_status_and_export_tell_the_accounts_to_programs(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both have the same objects, whose counts have the names of those of the job; the ledger knows no names."""
    status = told(capsys, "status", ledger)
    export = told(capsys, "export", ledger, "-o", "again.csv")

    north, south = status["accounts"]
    assert export["accounts"] == status["accounts"]
    assert (north["account_sid"], north["name"], north["rate"], north["errors"]) == (NORTH, "", 2.0, [])
    assert (south["counts"]["input"], south["counts"]["rejected"], south["counts"]["invalid"]) == (5, 2, 1)
    assert south["errors"] == [
        {"status": "rejected", "error_code": "45745", "rows": 2},
        {"status": "invalid", "error_code": "invalid_row", "rows": 1},
    ]
    header, *lines = Path("again.csv").read_text(encoding="utf-8").splitlines()
    assert header.endswith(",message_sid,account_sid")
    assert [line.rpartition(",")[2] for line in lines] == [*6 * [NORTH], *5 * [SOUTH], ""]


class _Cells(HTMLParser):
    """Collects the cells of each row of the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = [[]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        self.rows[-1].append(data)


def test_the_report_has_a_line_for_each_account(ledger: str) -> None:
    """With its rows, its rate, its latencies and its errors."""
    assert main(["report", ledger, "-o", "report.html"]) == ExitCode.DONE

    page = _Cells()
    page.feed(Path("report.html").read_text(encoding="utf-8"))
    by_first = {row[0]: row[1:] for row in page.rows if row}
    assert by_first[NORTH] == [
        *("6", "4", "0", "0", "2", "0", "4", "2.00", "0 (0.00 %)"),
        *("200 ms", "400 ms", "400 ms"),
    ]
    assert by_first[SOUTH][:9] == ["5", "0", "2", "0", "2", "1", "2", "1.00", "0 (0.00 %)"]
    assert by_first[SOUTH][-1] == "45745 (2), invalid_row (1)"


def test_a_job_for_one_account_tells_no_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told as it was."""

    async def make() -> None:
        async with open_ledger(LedgerLocation("one.ledger"), SETTINGS, version="1") as opened:
            await opened.plan(entries("ab"), INPUT)

    monkeypatch.chdir(tmp_path)
    asyncio.run(make())

    status = told(capsys, "status", "one.ledger")
    main(["status", "one.ledger"])
    main(["report", "one.ledger", "-o", "report.html"])

    assert "accounts" not in status
    assert "accounts" not in capsys.readouterr().out
    assert "<h2>Accounts</h2>" not in Path("report.html").read_text(encoding="utf-8")
