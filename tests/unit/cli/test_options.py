"""Options declared as dataclass fields become flags."""

import importlib.util
from dataclasses import fields
from pathlib import Path
from typing import get_args

import click
import pytest
from click.shell_completion import ShellComplete

from provisioner.cli import COMMANDS
from provisioner.cli.config import TABLES
from provisioner.cli.main import cli
from tests.toy_command import Toy, ToyOptions

BUILT = [name for name in COMMANDS if importlib.util.find_spec(f"provisioner.cli.{name}")]


def test_flags_become_an_instance_of_the_options_class(toy: Toy) -> None:
    """Each flag gives its field a value of the declared type."""
    toy.play(
        *("b.csv", "-t", "x", "--words", "a b", "--words", "c", "--kind", "car", "--count", "7", "--seed", "9"),
        *("--size", "2", "--where", "dir/x", "--no-sound", "--is-red", "--host", "h", "--json"),
    )

    assert toy.files == ("a.csv", "b.csv")
    assert toy.options == ToyOptions(
        text="x",
        words=("a b", "c"),
        kind="car",
        count=7,
        seed=9,
        size=2.0,
        where=Path("dir/x"),
        sound=False,
        is_red=True,
        host="h",
        json=True,
    )


def test_without_flags_the_declared_defaults_hold(toy: Toy) -> None:
    """What is not given is what the declaration says."""
    toy.play()

    assert toy.options == ToyOptions()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--count", "-1"],
        ["--count", "1.5"],
        ["--size", "nan"],
        ["--size", "inf"],
        ["--size", "-0.1"],
        ["--kind", "ship"],
        ["--text"],
        ["--cuont", "1"],
    ],
    ids=" ".join,
)
def test_a_value_that_makes_no_sense_is_a_usage_error(
    toy: Toy, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value ends with exit code 2 and a sentence that names the flag, on stderr alone."""
    code = toy.play(*arguments)

    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert arguments[0] in err
    assert err.endswith("  see 'provisioner toy --help'\n")


@pytest.mark.parametrize("name", BUILT)
def test_the_table_of_contents_says_what_the_commands_say(name: str) -> None:
    """The one line of help that stands beside a command's name is the first line of its own help."""
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert command.name == name
    assert command.help is not None
    assert command.help.partition("\n")[0] == COMMANDS[name]


@pytest.mark.parametrize("name", BUILT)
def test_the_configuration_file_knows_the_options_of_every_command(name: str) -> None:
    """The table of a command in the configuration file has the keys of the command's own flags."""
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    flags = {each.name for each in command.params if isinstance(each, click.Option)}
    assert flags == {each.name for each in fields(TABLES[name])}


def test_a_shell_can_complete_commands(toy: Toy) -> None:
    """What is typed is completed from the table of contents, and nonsense is left alone."""
    completion = ShellComplete(cli, {}, "provisioner", "_PROVISIONER_COMPLETE")

    begun = completion.get_completions([], "to")
    nonsense = completion.get_completions(["nonsense"], "to")

    assert [(item.value, item.help) for item in begun] == [("toy", "Play with files.")]
    assert [item.value for item in nonsense] == ["toy"]


def test_every_command_has_a_table_in_the_configuration_file() -> None:
    """A command that is listed can be configured."""
    assert TABLES.keys() == COMMANDS.keys()


def test_an_option_that_is_declared_as_a_path_gives_a_path() -> None:
    """Whatever its placeholder in the help is."""
    given = {}
    for command, options_class in TABLES.items():
        found = cli.get_command(click.Context(cli), command)
        assert found is not None
        flags = {each.name: each for each in found.params if isinstance(each, click.Option)}
        for declared in fields(options_class):
            if Path in {*get_args(declared.type)}:
                value = flags[declared.name].type.convert("a.txt", flags[declared.name], click.Context(found))
                given[command, declared.name] = type(value)

    assert len(given) > 10
    assert {kind for kind in given.values() if not issubclass(kind, Path)} == set()
