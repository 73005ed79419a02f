"""A Python call as a command line."""

import shlex
from pathlib import Path

import click
import pytest

from provisioner.cli.main import cli
from provisioner.options import ReportOptions, RunOptions
from provisioner.options.keyword_values import options_from_keywords
from provisioner.options.shell_command import (
    export_command,
    ledger_command,
    shell_command,
    typed_command,
    without_option,
)


def command_of(*files: str, **given: object) -> list[str]:
    """Return the words of the command that does what a call does."""
    options = options_from_keywords(RunOptions, "run", given, {})
    return shlex.split(shell_command("run", files, options, given))


def test_every_kind_of_option_is_typed_as_its_flag() -> None:
    """In the order in which they were given."""
    words = command_of("a b.csv", output="r.csv", rate=0.5, key=["x", "y z"], yes=True, friendly_name=False)

    assert words == [
        *("provisioner", "run", "a b.csv", "--output", "r.csv", "--rate", "0.5"),
        *("--key", "x", "--key", "y z", "--yes", "--no-friendly-name"),
    ]


def test_what_begins_with_a_dash_is_no_flag() -> None:
    """Neither a file nor a value."""
    assert command_of("-odd.csv", "-", first_message="-hello") == [
        *("provisioner", "run", "./-odd.csv", "-", "--first-message=-hello")
    ]


def test_a_command_on_a_ledger_is_one_that_the_parser_takes() -> None:
    """Blanks and a dash at the front change nothing, and a name without a suffix is given its format."""
    commands = [
        ledger_command("reconcile", "-my job.ledger", "--profile", "two words"),
        export_command("a b.ledger", "-a b.csv", "--vanished"),
        export_command("a.ledger", "results"),
    ]

    assert shlex.split(commands[0])[1:3] == ["reconcile", "./-my job.ledger"]
    for words in map(shlex.split, commands):
        command = cli.get_command(click.Context(cli), words[1])
        assert command is not None
        command.make_context(words[1], words[2:])
    assert commands[2].endswith("-o results --format csv")


def test_the_password_of_a_database_is_masked_wherever_the_ledger_is_named() -> None:
    """As a word of its own, behind the flag, as an argument and as an option of a call; it is kept for nobody."""
    address, shown = "postgresql://ada:p@w-1@db/jobs?job=a", "postgresql://ada:***@db/jobs?job=a"
    typed = ["run", "a.csv", "--ledger", address, f"--ledger={address}"]

    assert shlex.split(typed_command(typed)) == ["provisioner", *typed[:3], shown, f"--ledger={shown}"]
    assert shlex.split(typed_command(["status", address])) == ["provisioner", "status", shown]
    called = shlex.join(command_of("a.csv", output="r.csv", ledger=address))
    assert "ada:***@db/jobs?job=a" in called
    assert "p@w-1" not in called


def test_a_page_about_a_database_is_named_after_its_job() -> None:
    """The address is no name of a file."""
    file, first, other = map(
        Path, ("out/a.ledger", "postgresql://db/jobs?job=spring&sslmode=require", "postgresql://db/jobs")
    )

    names = [str(ReportOptions().page(ledgers)) for ledgers in ([file], [first], [first, file], [other])]

    assert names == ["out/a.html", "spring.html", "spring-and-a.html", "report.html"]


def test_a_proxy_is_not_repeated() -> None:
    """Its address may hold a password."""
    words = command_of("a.csv", proxy="http://ana:invented@proxy:8080", strict=False)

    assert words == ["provisioner", "run", "a.csv"]


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("run a.csv --limit 5 -o r.csv", "run a.csv -o r.csv"),
        ("run a.csv -o r.csv --limit=5", "run a.csv -o r.csv"),
        ("run --limit 5 a.csv --limit=6 -o r.csv --yes", "run a.csv -o r.csv --yes"),
        ("run a.csv -o --limit --first-message --limit --limit 5", "run a.csv -o --limit --first-message --limit"),
        ("run 'a b.csv' -o r.csv --max-duration 6h", "run 'a b.csv' -o r.csv --max-duration 6h"),
        ("run a.csv -o r.csv", "run a.csv -o r.csv"),
    ],
)
def test_an_option_is_taken_out_of_a_command_wherever_it_stands(typed: str, left: str) -> None:
    """In either spelling and as often as it was given; the value of another option is never taken for it."""
    assert without_option(typed, "limit", RunOptions, overrides=False) == left


@pytest.mark.parametrize(
    ("option", "added"), [("limit", ["--limit", "0"]), ("max_duration", ["--max-duration", ""])]
)
def test_what_the_surroundings_give_is_overridden(option: str, added: list[str]) -> None:
    """By the default, as the command line outranks environment and configuration."""
    command = without_option("run a.csv --limit 5 --max-duration=6h", option, RunOptions, overrides=True)

    assert shlex.split(command)[-2:] == added


def test_the_address_of_a_webhook_is_masked_in_the_command_at_the_end() -> None:
    """Whoever knows it can write to the chat; in both spellings, and with a user in it."""
    hook = "curl -d \"$X\" 'https://ana:invented@chat.example/hooks/secret?key=secret' http://other.example"
    masked = "curl -d \"$X\" 'https://chat.example/***' http://other.example"

    for words in (["--on-end", hook], [f"--on-end={hook}"]):
        typed = shlex.split(typed_command(["run", "a.csv", *words]))
        assert "=".join(typed[3:]).removeprefix("--on-end=") == masked
