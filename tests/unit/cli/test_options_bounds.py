"""Numbers of options: each has a least and a most, and what lies beyond is refused before anything is done."""

import math
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import click
import pytest

from provisioner.cli.config import TABLES
from provisioner.cli.main import cli, main
from provisioner.errors import UsageError
from provisioner.options import RunOptions, parse_rate

Capture = pytest.CaptureFixture[str]

NEVER_A_NUMBER = ("-1", "1e308", "nan", "inf", "1" + 30 * "0", 5000 * "9")
"""What no option takes: too small, too large, no number, and more digits than Python reads."""
ARGUMENTS = {
    "check": ("x.csv",),
    "run": ("x.csv",),
    "load": ("x.csv",),
    "reconcile": ("x.ledger",),
    "close": ("x.ledger",),
    "report": ("x.ledger",),
    "worker": ("x.ledger",),
}


def is_numeric(declared: Field[Any]) -> bool:
    """Say whether an option is a number, or a text with one in it."""
    kinds = {*(get_args(declared.type) or (declared.type,))} - {NoneType}
    return kinds <= {int, float} or declared.metadata["check"] is not None


def numeric_options() -> Iterator[tuple[str, Field[Any]]]:
    """Yield every command with each of its options that take a number."""
    for command, options_class in TABLES.items():
        yield from ((command, declared) for declared in fields(options_class) if is_numeric(declared))


def flag_of(declared: Field[Any]) -> str:
    """Spell an option as a flag."""
    return f"--{declared.name.replace('_', '-')}"


def option_of(command: str, declared: Field[Any]) -> click.Option:
    """Return what the command line makes of a declaration."""
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    option = next(each for each in found.params if each.name == declared.name)
    assert isinstance(option, click.Option)
    return option


def span_of(command: str, declared: Field[Any]) -> str:
    """Return what the help says about how far a number may go."""
    return str(option_of(command, declared).get_help_extra(click.Context(cli)).get("range", ""))


def test_every_number_has_a_least_and_a_most_which_the_help_tells() -> None:
    """There are no open ends: neither of numbers, nor of texts that hold one."""
    open_ended = [
        f"{command} {flag_of(declared)}"
        for command, declared in numeric_options()
        if not span_of(command, declared)
        or (declared.metadata["check"] is None and math.isinf(declared.metadata["most"]))
    ]

    assert open_ended == []
    assert len(list(numeric_options())) > 30
    assert span_of("run", next(each for each in fields(RunOptions) if each.name == "concurrency")) == "1 to 1,024"


@pytest.mark.parametrize("level", ["flag", "environment"])
def test_what_is_out_of_bounds_ends_with_the_option_and_its_range(
    level: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a flag and in the environment: exit code 2, one sentence of bounded length, and no traceback."""
    monkeypatch.chdir(tmp_path)

    for command, declared in numeric_options():
        if level == "flag" and declared.metadata["is_counted"]:
            continue  # it takes no value: how often it is given is its number
        for value in NEVER_A_NUMBER:
            name = f"PROVISIONER_{command}_{declared.name}".upper()
            with pytest.MonkeyPatch.context() as patch:
                if level == "environment":
                    patch.setenv(name, value)
                given = [f"{flag_of(declared)}={value}"] if level == "flag" else []
                code = main([command, *ARGUMENTS.get(command, ()), *given])
            err = capsys.readouterr().err
            message, _, _cure = err.partition("\n")
            assert code == 2, (command, declared.name, value[:40])
            assert message.startswith("error: ")
            assert (name if level == "environment" else flag_of(declared)) in message
            assert span_of(command, declared) in message
            assert "Traceback" not in err
            assert len(err) < 500


def test_what_is_out_of_bounds_in_the_configuration_file_is_named_by_its_key(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever command runs: the table and key of the wrong number, its range, and exit code 2."""
    monkeypatch.chdir(tmp_path)

    for command, declared in numeric_options():
        for value in ("-1", "1e308", "nan", "inf", "1" + 30 * "0"):
            Path("c.toml").write_text(f"[{command}]\n{declared.name} = {value}\n", encoding="utf-8")
            code = main(["--config", "c.toml", "status", "x.ledger"])
            err = capsys.readouterr().err
            assert code == 2, (command, declared.name, value)
            assert err.startswith(f"error: c.toml: {command}.{declared.name}")
            assert span_of(command, declared) in err or "must be a whole number" in err


def test_a_number_of_too_many_digits_in_the_configuration_file_is_no_internal_error(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python refuses to read more than 4,300 digits."""
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text(f"[run]\nlimit = {5000 * '9'}\n", encoding="utf-8")

    code = main(["--config", "c.toml", "status", "x.ledger"])

    assert code == 2
    assert capsys.readouterr().err.startswith("error: c.toml: holds a number that is too long")


def test_the_ends_themselves_are_within() -> None:
    """The least and the most of every number are taken, and what lies just beyond is not."""
    for command, declared in numeric_options():
        if declared.metadata["check"] is None:
            least, most = declared.metadata["least"], declared.metadata["most"]
            kind = option_of(command, declared).type
            assert [kind.convert(end, None, None) for end in (least, most)] == [least, most]
            for beyond in (least - 1, most + 1):
                with pytest.raises(click.UsageError, match=r"is not a (whole )?number from"):
                    kind.convert(beyond, None, None)


@pytest.mark.parametrize("text", ["100000/s", "100000", "6000000/m", "0.042/h", "0.000012", "0", "0.0/s", "auto"])
def test_rates_within_their_range_are_taken(text: str) -> None:
    """From one a day to 100,000 a second; 0 is no limit."""
    rate = parse_rate(text)

    assert rate.per_second >= 1 / 86_400


@pytest.mark.parametrize(
    "text", ["100001/s", "100000.5", "6000060/m", "1" + 400 * "0", "0.041/h", f"0.{400 * '0'}1/s", "0.00001"]
)
def test_rates_beyond_their_range_are_refused(text: str) -> None:
    """One that is too small for a float is too slow: it is not taken for 0, which is no limit."""
    with pytest.raises(UsageError, match=r"is not a rate from 0.042/h \(one a day\) to 100,000/s"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "x.csv", "--stage", "30s:100001/s"], "--stage '100001/s' is not a rate from 0.042/h"),
        (["load", "x.csv", "--stage", "30s:0.0001/h"], "--stage '0.0001/h' is not a rate from 0.042/h"),
        (["load", "x.csv", "--stage", f"{5000 * '9'}h:1/s"], "is not a length of time up to 366 days"),
        (["load", "x.csv", "--stage", "30s:nan"], "--stage 'nan' is not a rate"),
        (["load", "x.csv", "--duration", "366d"], "--duration '366d' is not a length of time up to 366 days"),
        (["load", "x.csv", "--rate", "100000", "--duration", "24h"], "a schedule has at most 1,000,000,000 rows"),
        (
            ["load", "x.csv", "--rate", "100000", "--duration", "5m", "--arrivals", "poisson"],
            "--arrivals poisson has at most 10,000,000 rows, and this one 30,000,000",
        ),
    ],
)
def test_a_schedule_that_nobody_can_keep_is_refused_at_once(
    arguments: list[str], said: str, capsys: Capture
) -> None:
    """A rate or a time out of range is, and so are more rows than a job can have."""
    code = main([*arguments, "--simulate", "-o", "results.csv"])

    assert code == 2
    assert said in capsys.readouterr().err
