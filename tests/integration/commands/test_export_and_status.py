"""What a ledger tells afterwards: ``status``, and the results once more by ``export``."""

import asyncio
import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from provisioner.errors import ExitCode
from provisioner.ledger import LedgerLocation, open_ledger

RUN = "run customers.csv -o results.csv --simulate --rate 0 --key id --limit 2"


def call(line: str) -> int:
    """Run the program with what is written in a line."""
    return main(line.split())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Work in a folder with a job that has created two rows; one waits and one is invalid."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "customers.csv").write_text("id;CustomerFriendlyName\n1;Ana\n2;Bo\n3\n4;=Dee\n", encoding="utf-8")
    assert call(RUN) == ExitCode.REJECTED
    capsys.readouterr()
    return tmp_path


def read(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_status_tells_the_job_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the job is, whether a run is at it, the accounting and the errors; nothing of the customers."""
    code = main(["status", "results.csv.ledger"])

    said = capsys.readouterr()
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert (code, said.err) == (ExitCode.DONE, "")
    assert lines[0].endswith("runs 1; no run is working on it")
    assert "key id" in lines
    assert "invalid invalid_row 1" in lines
    assert "pending stopped 1" in lines
    assert "input 4 = created 2 + rejected 0 + unknown 0 + unsent 0 + invalid 1 + pending 1" in lines
    assert "Ana" not in said.out


def test_status_says_that_the_results_are_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where they were written is told, and that they are not there now."""
    (folder / "results.csv").rename(folder / "monday.csv")

    main(["status", "results.csv.ledger"])

    export = "provisioner export results.csv.ledger -o results.csv"
    assert f"note:    results.csv is not there: {export} writes the results" in capsys.readouterr().out


def test_status_tells_the_job_as_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs, with the runs and the inputs."""
    code = main(["status", "results.csv.ledger", "--json"])

    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == ExitCode.DONE
    assert (told["input"], told["created"], told["pending"], told["invalid"]) == (4, 2, 1, 1)
    assert (told["is_running"], told["settings"]["key"]) == (False, "id")
    assert [source["name"] for source in told["sources"]] == ["customers.csv"]
    assert [run["exit_code"] for run in told["runs"]] == [ExitCode.REJECTED]


@pytest.mark.parametrize("command", ["status", "export -o again.csv"])
@pytest.mark.parametrize(
    ("ledger", "words"), [("nobody", "nobody is not there"), ("customers.csv", "is not a ledger")]
)
def test_what_is_no_ledger_is_refused(
    folder: Path, command: str, ledger: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name is a usage error, and makes no file."""
    name, *flags = command.split()

    code = main([name, ledger, *flags])

    assert code == ExitCode.USAGE
    assert words in capsys.readouterr().err
    assert not (folder / "again.csv").exists()
    assert not (folder / "nobody").exists()


def test_an_export_is_the_results_of_the_run(folder: Path) -> None:
    """In the same form it is the same file, byte by byte; in another form it says the same."""
    same = main(["export", "results.csv.ledger", "-o", "again.csv"])
    other = main(["export", "results.csv.ledger", "-o", "again.jsonl"])

    records = [json.loads(line) for line in (folder / "again.jsonl").read_text().splitlines()]
    assert (same, other) == (ExitCode.DONE, ExitCode.DONE)
    assert (folder / "again.csv").read_bytes() == (folder / "results.csv").read_bytes()
    assert [record["status"] for record in records] == ["created", "created", "invalid", "unsent"]


def test_an_export_repeats_the_input_and_splits_off_what_failed(folder: Path) -> None:
    """--include-input and --failed read the input again, as the run read it."""
    code = call("export results.csv.ledger -o again.csv --include-input --failed fix.csv")

    assert code == ExitCode.DONE
    assert [row["CustomerFriendlyName"] for row in read(folder / "again.csv")] == ["Ana", "Bo", "", "'=Dee"]
    lines = (folder / "fix.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id;CustomerFriendlyName;_status;_error_code;_error"
    assert [line.partition(";")[0] for line in lines[1:]] == ["3"]


def test_an_export_on_stdout_is_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With -o - the words go to stderr."""
    with (folder / "stdout").open("w", encoding="utf-8") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        code = call("export results.csv.ledger -o - --format jsonl")

    told = (folder / "stdout").read_text(encoding="utf-8")
    assert code == ExitCode.DONE
    assert [json.loads(line)["row"] for line in told.splitlines()] == [1, 2, 3, 4]
    assert "input 4 = created 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("", "no results file was named"),
        ("-o - --format csv --json", "results on stdout, and --json"),
        ("-o results.csv.ledger --format csv", "results.csv.ledger is the ledger"),
        ("-o customers.csv", "customers.csv is an input"),
        ("-o again.csv --failed customers.csv", "customers.csv is an input"),
    ],
)
def test_an_export_replaces_nothing_that_is_needed(
    folder: Path, flags: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ledger and input are safe from it."""
    names = ("results.csv.ledger", "customers.csv", "results.csv")
    before = [(folder / name).read_bytes() for name in names]

    code = main(["export", "results.csv.ledger", *flags.split()])

    said = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert words in said.err + said.out
    assert [(folder / name).read_bytes() for name in names] == before


def test_an_export_replaces_no_results_that_it_does_not_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another job's results, and with --vanished the job's own, stay unless --overwrite is given."""
    call(RUN.replace("results.csv", "other.csv"))
    before = [(folder / name).read_bytes() for name in ("other.csv", "results.csv")]
    capsys.readouterr()

    codes = [call(f"export results.csv.ledger -o {flags}") for flags in ("other.csv", "results.csv --vanished")]

    said = capsys.readouterr().err
    assert codes == 2 * [ExitCode.USAGE]
    assert "other.csv has created rows that results.csv.ledger does not know" in said
    assert "results.csv has rows that are in the input, and --vanished writes none of them" in said
    assert said.count("--overwrite") == len(codes)
    assert [(folder / name).read_bytes() for name in ("other.csv", "results.csv")] == before
    assert call("export results.csv.ledger -o results.csv") == ExitCode.DONE
    assert call("export results.csv.ledger -o gone.csv --vanished") == ExitCode.DONE
    assert call("export results.csv.ledger -o gone.csv --vanished") == ExitCode.DONE
    assert call("export results.csv.ledger -o other.csv --overwrite") == ExitCode.DONE


def test_an_input_that_has_changed_is_not_mixed_up_with_the_results(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows of another file beside these results would be lies; without the input the export still works."""
    (folder / "customers.csv").write_text("id;CustomerFriendlyName\n9;Zoe\n", encoding="utf-8")

    refused = call("export results.csv.ledger -o again.csv --include-input")
    told = capsys.readouterr().err
    plain = call("export results.csv.ledger -o again.csv")

    assert (refused, plain) == (ExitCode.USAGE, ExitCode.DONE)
    assert "customers.csv: the input has changed since it was planned" in told


def offered(text: str) -> list[str]:
    """Return the words of the command in a text, up to the last word of its path."""
    found = re.search(r"provisioner (export \S+ (?:--vanished )?-o \S+)", text)
    assert found is not None, text
    return shlex.split(found[1])


def test_a_command_that_a_message_offers_can_be_typed_as_it_stands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results that were moved away, or edited so that they cannot be read: the paths are real ones."""
    results = folder / "results.csv"
    whole = results.read_text(encoding="utf-8")
    results.unlink()
    status = (call("status results.csv"), capsys.readouterr().out)
    again = main(offered(status[1]))
    back = results.read_text(encoding="utf-8")
    results.write_text(whole.replace("created", "made"), encoding="utf-8")
    capsys.readouterr()

    refused = (call("close results.csv --simulate"), capsys.readouterr().err)

    assert (status[0], again, back) == (ExitCode.DONE, ExitCode.DONE, whole)
    assert "note:    results.csv is not there: its ledger results.csv.ledger was read" in status[1]
    assert "is the results file" not in status[1]
    assert refused[0] == ExitCode.USAGE
    assert main(offered(refused[1])) == ExitCode.DONE
    assert read(folder / "results-again.csv")[0]["status"] == "created"


def test_the_results_stand_for_the_ledger_beside_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that takes a ledger takes the results as well, and never replaces that ledger."""
    commands = (
        "status results.csv",
        "reconcile results.csv",
        "report results.csv",
        "export results.csv -o two.csv",
    )

    codes = [call(each) for each in commands]
    refused = call("export results.csv -o results.csv.ledger")

    assert codes == [ExitCode.DONE] * 4, capsys.readouterr().err
    assert read(folder / "two.csv") == read(folder / "results.csv")
    assert (folder / "results.csv.html").exists()
    assert refused == ExitCode.USAGE


def test_what_came_through_a_pipe_is_gone(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An input from stdin cannot be read again, and the cure is named."""
    with (folder / "customers.csv").open(encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        call("run - -o piped.csv --simulate --rate 0")
    capsys.readouterr()

    code = call("export piped.csv.ledger -o again.csv --failed fix.csv")

    assert code == ExitCode.USAGE
    assert "came through a pipe" in capsys.readouterr().err


def test_the_same_bytes_elsewhere_are_the_input_of_an_export(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--input names them; other bytes, another number of inputs, and outputs in their place are refused."""
    (folder / "customers.csv").rename(folder / "moved.csv")
    (folder / "other.csv").write_text("id;CustomerFriendlyName\n1;Eve\n", encoding="utf-8")
    export = "export results.csv.ledger -o again.csv"

    assert call(f"{export} --include-input --failed fix.csv --input moved.csv") == ExitCode.DONE
    assert [row["CustomerFriendlyName"] for row in read(folder / "again.csv")] == ["Ana", "Bo", "", "'=Dee"]
    assert (folder / "fix.csv").read_text(encoding="utf-8").splitlines()[1].startswith("3;invalid")
    capsys.readouterr()
    for flags, words in (
        ("--include-input", "customers.csv: does not exist"),
        ("--include-input --input other.csv", "other.csv: is not the input as it was planned"),
        ("--include-input --input moved.csv --input other.csv", "has 1 input, and --input names 2"),
        ("--input moved.csv", "--input without --include-input"),
        ("--failed moved.csv --input moved.csv", "moved.csv is an input"),
    ):
        assert call(f"{export} {flags}") == ExitCode.USAGE
        assert words in capsys.readouterr().err


def test_a_job_that_was_never_planned_has_nothing_to_fix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that was killed before it knew its rows leaves a ledger without any."""

    async def make() -> None:
        async with open_ledger(LedgerLocation(folder / "young.ledger"), {"account": "AC"}, version="1") as ledger:
            await ledger.set_notes(asked="{}")

    asyncio.run(make())

    plain = call("export young.ledger -o again.csv")
    capsys.readouterr()
    refused = call("export young.ledger -o again.csv --failed fix.csv")

    assert (plain, refused) == (ExitCode.DONE, ExitCode.USAGE)
    assert "no input was planned yet" in capsys.readouterr().err


def test_a_folder_in_place_of_a_file_is_told_with_a_cure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In every spelling that leaves no name, as the ledger and as an output; nothing is written."""
    before = sorted(folder.iterdir())
    top = "/".join([".."] * len(folder.parts))
    for path in (".", "/", "./", "", "..", top):
        for arguments in (
            ["status", path],
            ["reconcile", path],
            ["export", path, "-o", "again.csv"],
            ["close", path, "--simulate"],
            [*RUN.split(), "--ledger", path or "."],
            ["export", "results.csv.ledger", "-o", path],
            ["report", "results.csv.ledger", "-o", path],
        ):
            code, said = main(arguments), capsys.readouterr().err
            assert code == ExitCode.USAGE, (arguments, said)
            assert "is a folder\n  name a file in it" in said, (arguments, said)
    assert sorted(folder.iterdir()) == before
