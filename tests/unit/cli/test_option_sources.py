"""A message names the place where its reader has to change something."""

from pathlib import Path

import pytest

from provisioner.cli.console import Console
from provisioner.cli.main import main
from provisioner.errors import ExitCode, GuardError, UsageError
from provisioner.models.summary import ErrorInfo, Summary
from tests.toy_command import Toy

Capture = pytest.CaptureFixture[str]


def refusal(*, is_summary: bool) -> Summary:
    """Say that two options are wrong, at once or at the end of a run."""
    wrong = UsageError("--text 'x' is no word", cure="omit it, or --is-red")
    if not is_summary:
        raise wrong
    error = ErrorInfo.from_error(GuardError(wrong.message, cure=wrong.cure))
    return Summary(command="toy", exit_code=ExitCode.GUARD, error=error)


def test_a_value_of_the_wrong_kind_is_named_by_its_source(
    toy: Toy, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable is named where it gave the value, and the flag where that was typed."""
    monkeypatch.setenv("PROVISIONER_TOY_COUNT", "many")
    monkeypatch.setenv("PROVISIONER_LOG_LEVEL", "loud")

    errors = []
    for words in (["toy", "a"], ["--log-level", "info", "toy", "a"], ["--log-level=mute", "toy", "a"]):
        assert main(words) == ExitCode.USAGE
        errors.append(capsys.readouterr().err.partition(": ")[2])
    monkeypatch.setenv("PROVISIONER_LOG_LEVEL", "info")
    assert toy.play("--count", "few") == ExitCode.USAGE
    errors.append(capsys.readouterr().err.partition(": ")[2])

    assert [error.partition(": ")[0].removeprefix("Invalid value for ") for error in errors] == [
        "'PROVISIONER_LOG_LEVEL'",
        "'PROVISIONER_TOY_COUNT'",
        "'--log-level'",
        "'--count'",
    ]


def test_a_rate_in_a_variable_is_refused_by_the_name_of_the_variable(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a parser of ours refuses is named in the same way; the second variable of an option as well."""
    monkeypatch.setenv("PROVISIONER_RUN_RATE", "quick")

    assert main(["run", "a.csv", "-o", "b.csv"]) == ExitCode.USAGE
    variable = capsys.readouterr().err
    assert main(["run", "a.csv", "-o", "b.csv", "--rate", "slow"]) == ExitCode.USAGE

    assert variable.startswith("error: PROVISIONER_RUN_RATE 'quick' is not a rate")
    assert capsys.readouterr().err.startswith("error: --rate 'slow' is not a rate")


@pytest.mark.parametrize("is_summary", [False, True])
def test_an_error_about_an_option_says_which_variable_or_file_gives_it(
    toy: Toy, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, *, is_summary: bool
) -> None:
    """A flag in a message may never have been typed: the message says what to change then."""

    def does(_console: Console) -> Summary:
        return refusal(is_summary=is_summary)

    toy.does = does
    config = tmp_path / "c.toml"
    config.write_text('[toy]\ntext = "x"\nis-red = true\n')

    cures = []
    for words in (["toy", "a"], ["toy", "a", "--config", str(config)], ["toy", "a", "-t", "x", "--is-red"]):
        main(words)
        cures.append(capsys.readouterr().err.splitlines()[-1])
    monkeypatch.setenv("PROVISIONER_TOY_TEXT", "x")
    toy.play()
    cures.append(capsys.readouterr().err.splitlines()[-1])

    assert cures == [
        "  omit it, or --is-red",
        f"  omit it, or --is-red; --text comes from {config}; --is-red comes from {config}",
        "  omit it, or --is-red",
        "  omit it, or --is-red; --text comes from PROVISIONER_TOY_TEXT",
    ]


def test_a_configuration_file_that_a_variable_names_is_blamed_on_the_variable(
    toy: Toy, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cure names the variable, and the flag where that was typed."""
    monkeypatch.setenv("PROVISIONER_CONFIG", "/missing.toml")

    toy.play()
    variable = capsys.readouterr().err
    monkeypatch.delenv("PROVISIONER_CONFIG")
    toy.play("--config", "/missing.toml")

    assert variable.endswith("  name a file that can be read with PROVISIONER_CONFIG\n")
    assert capsys.readouterr().err.endswith("  name a file that can be read with --config\n")


def test_an_option_of_other_programs_is_answered_with_ours(capsys: Capture) -> None:
    """Whoever looks for a trial is sent to ``check``, and whoever wants to resume to the same command."""
    cures = {
        ("run", "a.csv", "--dry-run"): "'provisioner check' with the same files",
        ("load", "a.csv", "--dry-run=yes"): "'provisioner check' with the same files",
        ("close", "a.csv", "--dry-run"): "omit --yes",
        ("export", "a.ledger", "--dry-run"): "'provisioner export' creates nothing",
        ("run", "a.csv", "--resume"): "type the same command again",
        ("run", "a.csv", "--colour"): "see 'provisioner run --help'",
    }

    for words, cure in cures.items():
        assert main(words) == ExitCode.USAGE
        error, said = capsys.readouterr().err.splitlines()
        assert error.startswith(f"error: No such option '{words[-1].partition('=')[0]}'")
        assert said.startswith(f"  {cure}")
