"""--json through the whole program in this process: every end is one object with a kind, a message and a cure."""

import json
from pathlib import Path

import pytest

from provisioner.cli.main import main

ADDRESS = "IG" + 32 * "a"
RUN = "run customers.csv -o results.csv --rate 0 --json"
ENDS = {
    "no files": ("run --json", 2, "failed", "usage"),
    "wrong value": (f"{RUN} --simulate --concurrency none", 2, "failed", "usage"),
    "no time at all": (f"{RUN} --simulate --timeout 0", 2, "failed", "usage"),
    "nobody to send": (f"{RUN} --simulate --concurrency 0", 2, "failed", "usage"),
    "unknown option": (f"{RUN} --simulate --rte 4", 2, "failed", "usage"),
    "no limit of failures": (f"{RUN} --simulate --max-failures some", 2, "failed", "usage"),
    "no such input": (f"{RUN.replace('customers', 'nobody')} --simulate", 2, "failed", "input"),
    "strict": (f"{RUN} twin.csv --simulate --strict --key crm_id", 3, "failed", "strict"),
    "limit": (f"{RUN} twin.csv --simulate --limit 1", 8, "planned", None),
    "no target": (RUN, 2, "failed", "usage"),
    "unclosed quote": ("run bad.csv -o results.csv --simulate --json", 2, "failed", "input"),
    "two on stdout": ("run customers.csv -o - --format csv --ledger l --json --simulate", 2, "failed", "usage"),
    "not a ledger": (f"{RUN} --simulate --ledger bad.csv", 2, "failed", "ledger"),
    "another job": (f"{RUN} --simulate --ledger other.ledger", 2, "failed", "other_job"),
    "configuration": (f"--config nobody.toml {RUN} --simulate", 2, "failed", "usage"),
    "log file": (f"--log-file nowhere/log {RUN} --simulate", 2, "failed", "usage"),
    "check of bad input": ("check bad.csv --json", 2, "failed", "input"),
    "check": (f"check customers.csv --address-sid {ADDRESS} --json", 0, "checked", None),
    "done": (f"{RUN} --simulate", 0, "finished", None),
}


@pytest.fixture
def _inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Work in a folder with a good input, a bad one, and the ledger of another job."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "customers.csv").write_text("crm_id,CustomerFriendlyName\n1,Ana\n")
    (tmp_path / "twin.csv").write_text("crm_id,CustomerFriendlyName\n1,Once more\n")
    (tmp_path / "bad.csv").write_text('CustomerFriendlyName\n"b')
    main(["run", "customers.csv", "-o", "o.csv", "--ledger", "other.ledger", "--simulate", "--key", "crm_id"])
    capsys.readouterr()


@pytest.mark.usefixtures("_inputs")
@pytest.mark.parametrize(("line", "code", "outcome", "kind"), ENDS.values(), ids=ENDS)
def test_every_end_is_one_object(
    line: str, code: int, outcome: str, kind: str | None, *, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing but the object is on stdout, and it says the exit code."""
    returned = main(line.split())

    summary = json.loads(capsys.readouterr().out)
    error = summary["error"]
    assert (returned, summary["exit_code"], summary["outcome"]) == (code, code, outcome)
    assert summary["command"] in line.split()
    assert (error and error["kind"]) == kind
    assert error is None or (error["message"] and error["cure"])
