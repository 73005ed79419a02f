"""What was asked for is known even when the arguments are wrong."""

from pathlib import Path

import pytest

from provisioner.cli.invocation import Invocation, read_invocation

CONFIG = "[run]\njson = true\n[check]\njson = false\n"


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Return the path of a configuration file that wants JSON of ``run`` alone."""
    path = tmp_path / "c.toml"
    path.write_text(CONFIG)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        *((arguments, "") for arguments in ([], ["--", "run"], ["rnu", "a.csv"])),
        (["run", "check"], "run"),
        (["--log-level", "debug", "check", "a.csv"], "check"),
        (["--log-file", "run", "check"], "check"),
        (["--log-file=run", "--nonsense", "check"], "check"),
    ],
)
def test_the_command_is_the_first_word_that_names_one(arguments: list[str], command: str) -> None:
    """The value of a global option is no command, nor is what follows ``--``."""
    assert read_invocation(arguments, {}).command == command


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (["run"], {}, False),
        (["--json"], {}, True),
        (["run", "a", "--json"], {}, True),
        (["run", "--", "--json"], {}, False),
        (["run"], {"PROVISIONER_RUN_JSON": "1"}, True),
        (["run"], {"PROVISIONER_RUN_JSON": "off"}, False),
        (["run"], {"PROVISIONER_RUN_JSON": "perhaps"}, False),
        (["check"], {"PROVISIONER_RUN_JSON": "1"}, False),
        ([], {"PROVISIONER__JSON": "1"}, False),
    ],
)
def test_json_is_wanted_by_flag_or_environment(
    arguments: list[str], environ: dict[str, str], *, expected: bool
) -> None:
    """The flag counts wherever it stands; the environment counts for its command."""
    assert read_invocation(arguments, environ).wants_json is expected


@pytest.mark.parametrize(("command", "expected"), [("run", True), ("check", False), ("status", False)])
def test_json_is_wanted_by_configuration_file(config: str, command: str, *, expected: bool) -> None:
    """The file's word holds, however the file is named, unless the environment says otherwise."""
    ways = [
        read_invocation(["--config", config, command], {}),
        read_invocation([f"--config={config}", "--wrong", command], {}),
        read_invocation([command], {"PROVISIONER_CONFIG": config}),
    ]
    overruled = read_invocation(["--config", config, command], {f"PROVISIONER_{command.upper()}_JSON": "0"})

    assert [way.wants_json for way in ways] == 3 * [expected]
    assert not overruled.wants_json


@pytest.mark.parametrize("text", ["[run", "run = 1", None])
def test_a_configuration_file_that_cannot_be_read_wants_nothing(tmp_path: Path, text: str | None) -> None:
    """Whoever needs the file says what is wrong with it."""
    path = tmp_path / "broken.toml"
    if text is not None:
        path.write_text(text)

    invocation = read_invocation(["--config", str(path), "run"], {})

    assert invocation == Invocation("run", wants_json=False, wants_traceback=False)


@pytest.mark.parametrize(
    ("arguments", "environ"), [(["--log-level=debug"], {}), ([], {"PROVISIONER_LOG_LEVEL": "debug"})]
)
def test_a_traceback_is_wanted_at_level_debug(arguments: list[str], environ: dict[str, str]) -> None:
    """Whoever debugs sees the places of a bug, also of one in the arguments' own reading."""
    assert read_invocation(arguments, environ).wants_traceback


def test_events_are_wanted_by_flag_environment_or_configuration_file(tmp_path: Path) -> None:
    """The flag goes before the environment, and that before the file, which may spell the option both ways."""
    named = {"PROVISIONER_LOG_FORMAT": "json"}
    table: list[tuple[list[str], dict[str, str], bool]] = [
        (["run"], {}, False),
        (["--log-format", "json", "run"], {}, True),
        (["run", "--log-format=json"], {}, True),
        (["--log-format", "console", "run"], named, False),
        (["run"], named, True),
    ]
    for place, key in enumerate(("log-format", "log_format")):
        path = tmp_path / f"{place}.toml"
        path.write_text(f'{key} = "json"\n')
        table.append((["--config", str(path), "run"], {}, True))

    for arguments, environ, expected in table:
        assert read_invocation(arguments, environ).wants_events is expected, arguments
