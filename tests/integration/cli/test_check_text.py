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
    """Verdict, where each field comes from, how the file is read, the rows, the time, and masked requests."""
    code = main(["check", "customers.csv", "--address-sid", ADDRESS, "--rate", "1/s"])

    lines = capsys.readouterr().out.splitlines()
    assert code == ExitCode.REJECTED
    assert lines[0] == "22 rows are invalid, the other 2 can be sent"
    assert lines[1:6] == [
        f"address_sid                 ← --address-sid                              ← {ADDRESS}",
        "customer_friendly_name      ← column 'CustomerFriendlyName'              ← <11 characters>",
        "pre_engagement.friendlyName ← customer_friendly_name                     ← <11 characters>",
        "identity                    ← the row's key, by digest (--identity auto) ← wc-…",
        "key                         ← the row's content                          ← a digest",
    ]
    assert lines[6] == "customers.csv: encoding 'utf-8', format 'csv', delimiter ';'"
    assert lines[7] == "rows 24 = valid 2 + invalid 22"
    assert lines[8] == "  customers.csv, line 4, row 3: has 1 field, the header has 2"
    assert lines[28] == "  … and 2 more: --all lists them"
    assert re.fullmatch(
        r"plan: 2 of 24 rows to send at 1/s: 2.0 s, until [\d:]+[+-][\d:]+; 22 are invalid", lines[29]
    )
    assert lines[-2] == (
        f"request 1: POST /v2/WebChats  address_sid={ADDRESS} · customer_friendly_name=<11 characters>"
        ' · pre_engagement_data={"friendlyName": <11 characters>}'
    )
    assert lines[-1].startswith("request 2: POST /v2/WebChats  ")


def test_each_account_has_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a job for many accounts it is told what goes to each, and when it will be done; --json tells the same."""
    north, south = "AC" + 32 * "1", "AC" + 32 * "2"
    (tmp_path / "accounts.csv").write_text(
        f"account_sid,name,credentials,rate\n{north},North,env:N,1/s\n{south},,profile:s,0\n"
    )
    (tmp_path / "rows.csv").write_text(
        f"CustomerFriendlyName,account_sid\nZoe,north\nBo,{south}\n{300 * 'x'},North\n"
    )
    command = ["check", "rows.csv", "--address-sid", ADDRESS, "--accounts", "accounts.csv"]

    main(command)
    lines = capsys.readouterr().out.splitlines()
    main([*command, "--json"])
    details = json.loads(capsys.readouterr().out)

    assert [line for line in lines if line.startswith("account ")] == [
        f"account {north} (North): 1 row at 1/s: 1.0 s; 1 invalid",
        f"account {south}: 1 row with no pace limit",
    ]
    told = [(each["account_sid"], each["name"], each["counts"]["input"]) for each in details["accounts"]]
    assert told == [(north, "North", 2), (south, "", 1)]
    assert [each["rate_asked"] for each in details["accounts"]] == [1.0, None]


def test_what_was_found_out_about_an_input_is_told_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    """-v adds the reason for everything that was detected."""
    main(["check", "customers.csv", "--address-sid", ADDRESS, "-v"])

    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("customers.csv: ")]
    assert re.match(r"customers\.csv: encoding 'utf-8' \(.+\), format 'csv' \(.+\), delimiter ';' \(.+\)", line)


def test_inputs_that_are_read_alike_share_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A pattern may name a hundred of them."""
    for number in range(3):
        (tmp_path / f"more-{number}.csv").write_text("id;CustomerFriendlyName\n1;Cy\n")
    (tmp_path / "more-3.jsonl").write_text('{"CustomerFriendlyName": "Dee"}\n')

    main(["check", "more-*", "--address-sid", ADDRESS])

    read = [line for line in capsys.readouterr().out.splitlines() if "encoding '" in line]
    assert read == [
        "more-0.csv and 2 more: encoding 'utf-8', format 'csv', delimiter ';'",
        "more-3.jsonl: encoding 'utf-8', format 'jsonl'",
    ]


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
