"""Outputs and ledgers that cannot be: refused by the whole program before anything is sent."""

from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.errors import ExitCode

PLACES = {
    "no output": ("", "no results file was named"),
    "a folder": ("-o folder.csv", "folder.csv is a folder"),
    "no known suffix": ("-o results.xlsx", "add --format csv or --format jsonl"),
    "a device": ("-o /dev/null --format csv", "not a regular file"),
    "the input": ("-o customers.csv", "customers.csv is an input"),
    "the input, otherwise spelt": ("-o folder/../customers.csv", "customers.csv is an input"),
    "fixing the input in place": ("-o r.csv --failed customers.csv", "customers.csv is an input"),
    "the ledger": ("-o r.csv --ledger r.csv", "r.csv is the ledger"),
    "twice the same": ("-o r.csv --failed ./r.csv", "name the same file"),
    "failed on stdout": ("-o r.csv --failed -", "--failed cannot go to stdout"),
    "stdout without a ledger": ("-o - --format csv", "add --ledger PATH"),
    "no folder for the ledger": ("-o r.csv --ledger nowhere/l", "nowhere"),
    "a folder as the ledger": ("-o r.csv --ledger folder", "folder is not a ledger"),
    "an input as the ledger": ("-o r.csv --ledger customers.csv", "the ledger customers.csv is an input"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with one input and two folders."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "customers.csv").write_text("id,CustomerFriendlyName\n1,Ana\n")
    return tmp_path


def content_of(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(("flags", "words"), PLACES.values(), ids=PLACES)
def test_what_could_not_be_written_later_is_refused_now(
    folder: Path, flags: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and its cure, exit code 2, and no file is made, changed or lost."""
    before = content_of(folder)

    code = main(["run", "customers.csv", *flags.split(), "--simulate", "--rate", "0"])

    error, cure = capsys.readouterr().err.splitlines()[-2:]
    assert code == ExitCode.USAGE
    assert words in error + cure
    assert content_of(folder) == before
    assert Path("/dev/null").is_char_device()


JOB = ("run", "customers.csv", "-o", "r.csv", "--simulate", "--rate", "0", "--key", "id")


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ("--set chat_friendly_name={id}", "set chat_friendly_name: was not set, now '{id}'"),
        ("--key CustomerFriendlyName", "key: was 'id', now 'id|CustomerFriendlyName'"),
        ("--identity none", "identity: was 'auto', now 'none'"),
        ("--no-friendly-name", "friendly_name: was 'yes', now 'no'"),
        ("--ui-version 7", "ui_version: was '', now '7'"),
        ("--address-sid IG" + 32 * "b", "now 'IGbbbb"),
    ],
)
def test_the_difference_to_another_job_is_named(
    folder: Path, changed: str, difference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ledger knows what it belongs to; another mapping, key or address is another job, and nothing happens."""
    assert main(list(JOB)) == ExitCode.DONE
    capsys.readouterr()
    before = content_of(folder)

    code = main([*JOB, *changed.split()])

    said = capsys.readouterr().err
    assert code == ExitCode.USAGE
    assert "r.csv.ledger belongs to another job" in said
    assert difference in said
    assert content_of(folder)["r.csv"] == before["r.csv"]
