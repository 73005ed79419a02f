"""Help: a page for a first look, and one with everything."""

import shlex
from pathlib import Path

import click
import pytest

from provisioner.cli import COMMANDS
from provisioner.cli.command_help import HelpfulCommand
from provisioner.cli.main import cli, main
from tests.toy_command import Toy

Capture = pytest.CaptureFixture[str]

SHORT = """\
Usage: provisioner toy [OPTIONS] FILE...

  Play with files.

Options:
  --host NAME           A host.
  -t, --text TEXT       A text.  [default: plain]
  --words WORD          Some texts.
  --kind [car|boat]     One of two.
  --count N             A number of things.  [default: 3]
  --seed N              A number or none.
  --size CM             A size.  [default: 1.5]
  --where PATH          A path.
  --sound / --no-sound  Make a sound.  [default: sound]
  --is-red              Be red.
  --json                Print the summary as one JSON object on stdout.
  -h, --help            Show this message and exit.
  --help-all            Show all options, with their environment variables.
"""
ALL = """\
Usage: provisioner toy [OPTIONS] FILE...

  Play with files.

Host of the toy command:
  --host NAME  A host.  [env var: PROVISIONER_TOY_HOST, TOY_HOST]

Options:
  -t, --text TEXT       A text.  [env var: PROVISIONER_TOY_TEXT; default: plain]
  --words WORD          Some texts.  [env var: PROVISIONER_TOY_WORDS]
  --kind [car|boat]     One of two.  [env var: PROVISIONER_TOY_KIND]
  --count N             A number of things.  [env var: PROVISIONER_TOY_COUNT; default: 3]
  --seed N              A number or none.  [env var: PROVISIONER_TOY_SEED]
  --size CM             A size.  [env var: PROVISIONER_TOY_SIZE; default: 1.5]
  --where PATH          A path.  [env var: PROVISIONER_TOY_WHERE]
  --sound / --no-sound  Make a sound.  [env var: PROVISIONER_TOY_SOUND; default: sound]
  --is-red              Be red.  [env var: PROVISIONER_TOY_IS_RED]

Options of every command:
  --json  Print the summary as one JSON object on stdout.  [env var: PROVISIONER_TOY_JSON]

Global options, before or after the command:
"""
ACCOUNT = ("TWILIO_ACCOUNT_SID", "TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_AUTH_TOKEN")
CALLING = {"run", "load", "worker", "reconcile", "close"}
WIDTH = 80


def help_of(name: str) -> HelpfulCommand:
    """Return a command of the program."""
    command = cli.get_command(click.Context(cli), name)
    assert isinstance(command, HelpfulCommand)
    return command


def page(capsys: Capture, *words: str) -> str:
    """Return what the program writes to stdout, which has to be all, and has to fit a narrow terminal."""
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_help_shows_each_flag_with_its_default(toy: Toy, capsys: Capture) -> None:
    """Names of environment variables are in the page with all options only."""
    code = toy.play("--help")

    assert code == 0
    assert capsys.readouterr() == (SHORT, "")


def test_the_help_with_all_options_shows_their_environment_names(toy: Toy, capsys: Capture) -> None:
    """The page stands in sections, one for each group of options, those of the program last."""
    code = toy.play("--help-all")

    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.startswith(ALL)
    assert "  --log-level LEVEL" in out.removeprefix(ALL)
    assert "PROVISIONER_LOG_LEVEL" in out.removeprefix(ALL)


def test_the_usage_names_the_options_that_are_required(capsys: Capture) -> None:
    """Results have to be named: whoever copies the usage has a command that can run."""
    usages = {name: page(capsys, name, "-h").partition("\n")[0] for name in COMMANDS}

    assert {name for name, usage in usages.items() if " -o PATH " in usage} == {"run", "load", "export"}
    assert usages["run"] == "Usage: provisioner run [OPTIONS] -o PATH FILE..."


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_fits_two_screens_and_has_three_examples(
    name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line of it is wider than a terminal, and the options shown are a dozen or so."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))

    lines = page(capsys, name, "--help").splitlines()

    assert len(help_of(name).short.examples) == 3
    assert len(help_of(name).short.common or help_of(name).params) <= 15
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= 75


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_parsed(name: str) -> None:
    """The command and each option of an example exist, and their values are good ones."""
    for _, example in help_of(name).short.examples:
        program, command, *arguments = shlex.split(example.partition(" > mapping.toml")[0])
        assert (program, command) == ("provisioner", name)
        help_of(name).make_context(name, arguments, parent=click.Context(cli))


def test_commands_that_call_twilio_name_the_variables_of_the_account(capsys: Capture) -> None:
    """The variables and the link to Twilio's documentation are in their help, and in that of the program."""
    pages = {name: page(capsys, name, "-h") for name in COMMANDS}

    assert {name for name, text in pages.items() if all(map(text.count, ACCOUNT))} == CALLING
    assert {name for name, text in pages.items() if "  https://www.twilio.com/docs/" in text} == CALLING
    assert all(map(page(capsys, "-h").count, ACCOUNT))


def test_help_is_a_command_too(capsys: Capture) -> None:
    """``help run`` is ``run --help``, and ``help`` alone is ``--help``."""
    assert page(capsys, "help", "run") == page(capsys, "run", "--help")
    assert page(capsys, "help") == page(capsys, "--help")
    assert page(capsys, "-q", "help", "completion") == page(capsys, "completion", "-h", "-q")
    assert main(["help", "rnu"]) == 2
    assert "Did you mean 'run'?" in capsys.readouterr().err


def test_all_help_is_the_help_of_every_command(capsys: Capture) -> None:
    """``--help-all`` before a command shows all that there is: it can be searched."""
    everything = page(capsys, "--help-all")

    assert all(page(capsys, name, "--help-all") in everything for name in COMMANDS)


def test_a_default_from_a_file_cannot_write_to_the_terminal(toy: Toy, tmp_path: Path, capsys: Capture) -> None:
    """Control characters are escaped on both pages."""
    config = tmp_path / "c.toml"
    config.write_text('[toy]\ntext = "\\u001b[2J"\n')

    for flag in ("--help", "--help-all"):
        assert toy.play("--config", str(config), flag) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\\x1b[2J" in out
