"""Global options hold wherever they stand."""

import json
from pathlib import Path

import pytest
import structlog

from provisioner.cli.console import Console
from provisioner.cli.main import main
from provisioner.models.summary import Summary
from tests.toy_command import Toy

Capture = pytest.CaptureFixture[str]


def logged(toy: Toy, *arguments: str, log: Path) -> list[str]:
    """Return the levels in the log file of a toy that logs one event of each level."""

    def does(_console: Console) -> Summary:
        logger = structlog.get_logger()
        for level in ("debug", "info", "warning", "error"):
            getattr(logger, level)("toy.played")
        return Summary(command="toy")

    toy.does = does
    log.unlink(missing_ok=True)
    assert main(arguments) == 0
    return [json.loads(line)["level"] for line in log.read_text().splitlines()]


def test_a_global_option_is_taken_before_and_after_the_command(toy: Toy, tmp_path: Path) -> None:
    """The level of the log and its file mean the same on either side of the command, the later one wins."""
    log = tmp_path / "log.jsonl"
    file = ("--log-file", str(log))

    found = [
        logged(toy, *file, "--log-level", "error", "toy", "a.csv", log=log),
        logged(toy, "toy", *file, "a.csv", "--log-level", "error", log=log),
        logged(toy, "--log-level", "debug", "toy", "a.csv", *file, "--log-level=error", log=log),
    ]

    assert found == 3 * [["error"]]


def test_a_configuration_file_named_after_the_command_is_taken_whole(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives the options of the command and the global ones, in place of the file of the environment."""
    log, late, early = tmp_path / "log.jsonl", tmp_path / "late.toml", tmp_path / "early.toml"
    late.write_text(f'log-file = "{log}"\nlog-level = "warning"\n[toy]\ntext = "late"\ncount = 5\n')
    early.write_text('log-format = "json"\nlog-level = "debug"\n[toy]\ntext = "early"\nkind = "car"\n')
    monkeypatch.setenv("PROVISIONER_CONFIG", str(early))

    levels = logged(toy, "toy", "a.csv", "--count", "7", "--config", str(late), log=log)
    fewer = logged(toy, "toy", "--log-level", "error", "a.csv", "--config", str(late), log=log)
    monkeypatch.setenv("PROVISIONER_LOG_LEVEL", "info")
    more = logged(toy, "toy", "a.csv", "--config", str(late), log=log)

    assert (levels, fewer, more) == (["warning", "error"], ["error"], ["info", "warning", "error"])
    assert (toy.options.text, toy.options.kind, toy.options.count) == ("late", "", 5)


def test_quiet_leaves_warnings_and_errors_on_stderr(toy: Toy, tmp_path: Path, capsys: Capture) -> None:
    """``-q`` silences on stderr what is logged of a run that goes well; the file of the log has it all."""
    log = tmp_path / "log.jsonl"

    found = []
    for words in (["-q", "toy", "a"], ["toy", "a", "--quiet"], ["toy", "-q", "a", "--log-level", "error"]):
        kept = logged(toy, *words, "--log-file", str(log), log=log)
        found.append(([json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()], kept))

    assert found == [
        (["warning", "error"], ["info", "warning", "error"]),
        (["warning", "error"], ["info", "warning", "error"]),
        (["error"], ["error"]),
    ]


def test_verbose_before_the_command_is_verbose_after_it(tmp_path: Path, capsys: Capture) -> None:
    """``-v check`` shows how the input was detected, as ``check -v`` does."""
    customers = tmp_path / "c.csv"
    customers.write_text("address_sid,customer_friendly_name\nIG" + 32 * "a" + ",Ann\n")

    said = []
    for words in (["-v", "check"], ["check", "-v"], ["check"]):
        assert main([*words, str(customers)]) == 0
        said.append("(no byte order mark" in capsys.readouterr().out)

    assert said == [True, True, False]


def test_a_wrong_global_option_after_the_command_is_refused_as_before_it(toy: Toy, capsys: Capture) -> None:
    """The value is checked, and the error names the flag."""
    for arguments in (["--log-level", "loud", "toy", "a"], ["toy", "a", "--log-level", "loud"]):
        assert main(arguments) == 2
        assert "'loud' is not one of 'debug'" in capsys.readouterr().err
    assert toy.files == ()


def test_the_version_is_told_after_a_command_too(toy: Toy, capsys: Capture) -> None:
    """``--version`` ends the program wherever it stands."""
    assert toy.play("--version") == 0
    assert capsys.readouterr().out.startswith("provisioner ")
