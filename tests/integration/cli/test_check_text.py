"""What ``check`` prints, through the whole program."""

import json
import re
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.errors import ExitCode

ADDRESS = "IG" + 32 * "a"


@pytest.fixture(autouse=True)
def _customers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with 24 rows, the first two of which are good."""
    monkeypatch.chdir(tmp_path)
    bad = "".join(f"{number}\n" for number in range(22))
    (tmp_path / "customers.csv").write_text(f"id;CustomerFriendlyName\n1;Zoe Example\n2;Bo\n{bad}")


def test_the_plan_is_told_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """How the file is read, the rows, the first bad ones, the time, and requests without personal data."""
    code = main(["check", "customers.csv", "--address-sid", ADDRESS, "--rate", "1/s"])

    lines = capsys.readouterr().out.splitlines()
    assert code == ExitCode.REJECTED
    assert lines[0].startswith("customers.csv: encoding 'utf-8' (")
    assert "delimiter ';'" in lines[0]
    assert lines[1] == "rows 24 = valid 2 + invalid 22"
    assert lines[2] == "  customers.csv, line 4, row 3: has 1 field, the header has 2"
    assert lines[22] == "  … and 2 more: --all lists them"
    assert re.fullmatch(r"plan: 2 of 24 rows to send at 1/s: 2.0 s, until [\d:]+; 22 are invalid", lines[23])
    assert lines[-2] == (
        f"request 1: POST /v2/WebChats  address_sid={ADDRESS} · customer_friendly_name=<11 characters>"
        ' · pre_engagement_data={"friendlyName": <11 characters>}'
    )
    assert lines[-1].startswith("request 2: POST /v2/WebChats  ")


def test_all_bad_rows_are_listed_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """--all leaves none out."""
    main(["check", "customers.csv", "--address-sid", ADDRESS, "--all"])

    assert capsys.readouterr().out.count(": has 1 field") == 22


def test_the_plan_is_told_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs, with every count and every problem's place."""
    code = main(["check", "customers.csv", "--address-sid", ADDRESS, "--rate", "0", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == ExitCode.REJECTED
    assert (told["outcome"], told["input"], told["valid"], told["invalid"]) == ("checked", 24, 2, 22)
    assert (told["rate_asked"], told["finishes_at"], told["new_identities"]) == (None, None, 2)
    assert (told["invalid_rows"][0]["line"], told["invalid_rows"][0]["row"]) == (4, 3)
    assert told["sources"][0]["delimiter"]["value"] == ";"
    assert "Zoe" not in json.dumps(told)
