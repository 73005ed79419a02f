"""A Python call as a command line."""

import shlex

from provisioner.options import RunOptions
from provisioner.options.keyword_values import options_from_keywords
from provisioner.options.shell_command import shell_command


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


def test_a_proxy_is_not_repeated() -> None:
    """Its address may hold a password."""
    words = command_of("a.csv", proxy="http://ana:invented@proxy:8080", strict=False)

    assert words == ["provisioner", "run", "a.csv"]
