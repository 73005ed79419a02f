"""The configuration file, and who wins over whom."""

from pathlib import Path

import pytest

from tests.toy_command import Toy, ToyOptions


def config(tmp_path: Path, text: str) -> Path:
    """Write a configuration file."""
    path = tmp_path / "provisioner.toml"
    path.write_text(text, encoding="utf-8")
    return path


def play(toy: Toy, path: Path, *arguments: str) -> int:
    """Run the toy under a configuration file named by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVISIONER_CONFIG", str(path))
        return toy.play(*arguments)


def test_a_table_sets_the_options_of_its_command(toy: Toy, tmp_path: Path) -> None:
    """Keys are field names with _ or -, values of the option's kind; numbers may stand for texts."""
    path = config(
        tmp_path,
        """
        log-level = "error"
        log_format = "json"
        [toy]
        text = 4
        words = ["a b", "c"]
        kind = "boat"
        count = 5
        size = 2
        where = "x/y"
        sound = false
        is-red = true
        json = true
        [run]
        address_sid = "IG"
        """,
    )

    code = play(toy, path)

    assert code == 0
    assert toy.options == ToyOptions(
        text="4",
        words=("a b", "c"),
        kind="boat",
        count=5,
        size=2.0,
        where=Path("x/y"),
        sound=False,
        is_red=True,
        json=True,
    )


def test_a_single_text_is_enough_for_a_repeatable_option(toy: Toy, tmp_path: Path) -> None:
    """One text stands for a list of one, not for its letters."""
    play(toy, config(tmp_path, '[toy]\nwords = "a b"'))

    assert toy.options.words == ("a b",)


@pytest.mark.parametrize(
    ("flag", "variable", "expected"),
    [("flag", "variable", "flag"), ("", "variable", "variable"), ("", "", "file")],
)
def test_flag_wins_over_environment_wins_over_file_wins_over_default(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, flag: str, variable: str, expected: str
) -> None:
    """The nearest setting holds, for single and for repeatable options; an empty variable is none."""
    monkeypatch.setenv("PROVISIONER_TOY_TEXT", variable)
    monkeypatch.setenv("PROVISIONER_TOY_WORDS", variable)
    path = config(tmp_path, '[toy]\ntext = "file"\nwords = ["file"]')

    play(toy, path, *(["--text", flag, "--words", flag] if flag else []))

    assert toy.options == ToyOptions(text=expected, words=(expected,))


@pytest.mark.parametrize(
    ("flag", "variable", "expected"),
    [("--sound", "0", True), ("--no-sound", "1", False), ("", "1", True), ("", "", False)],
)
def test_a_switch_is_turned_by_the_nearest_setting(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, flag: str, variable: str, expected: bool
) -> None:
    """A switch that is on by default can be turned off by a file, and back by environment and flag."""
    monkeypatch.setenv("PROVISIONER_TOY_SOUND", variable)

    play(toy, config(tmp_path, "[toy]\nsound = false"), *filter(None, [flag]))

    assert toy.options.sound is expected


def test_a_further_environment_name_comes_after_the_commands_own(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short name serves all commands; the long one of a command is nearer."""
    monkeypatch.setenv("TOY_HOST", "short")
    toy.play()
    by_short_name = toy.options.host
    monkeypatch.setenv("PROVISIONER_TOY_HOST", "long")
    toy.play()

    assert (by_short_name, toy.options.host) == ("short", "long")


def test_a_repeatable_option_stands_one_to_a_line_in_the_environment(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts in an environment variable may hold spaces, as templates do."""
    monkeypatch.setenv("PROVISIONER_TOY_WORDS", "name={First} {Last}\nother=x")

    toy.play()

    assert toy.options.words == ("name={First} {Last}", "other=x")


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [
        ('[toy]\ntxet = "x"', "toy.txet is unknown", "did you mean text?"),
        ("[toy]\nIs-Red = true", "toy.Is-Red is unknown", "did you mean is-red?"),
        ("[tyo]\n", "tyo is unknown", "did you mean toy?"),
        ('log_levle = "info"', "log_levle is unknown", "did you mean log-level?"),
        (
            "[zzzzz]\n",
            "zzzzz is unknown",
            "known are check, close, export, load, mapping, reconcile, report, run, simulate, status, toy, worker",
        ),
        ("toy = 1", "toy is not a TOML table", "write [toy] and its options below"),
        ('[toy]\ncount = "5"', "toy.count must be a whole number", "fix the configuration file"),
        ("[toy]\ncount = true", "toy.count must be a whole number", "fix the configuration file"),
        ("[toy]\nsize = [1]", "toy.size must be a number", "fix the configuration file"),
        ("[toy]\nis_red = 1", "toy.is_red must be true or false", "fix the configuration file"),
        ("[toy]\ntext = true", "toy.text must be a text", "fix the configuration file"),
        ("[toy]\nwords = [[]]", "toy.words must be a text", "fix the configuration file"),
        ("[toy]\nwhere = {a = 1}", "toy.where must be a text", "fix the configuration file"),
        ("[toy]\ncount = -1", "toy.count: -1 is not a whole number from 0 upward", "fix the configuration file"),
        ("[toy]\nkind = 'x'", "toy.kind: 'x' is not one of 'car', 'boat'", "fix the configuration file"),
        ("log-level = 'loud'", "log-level: 'loud' is not one of 'debug', ", "fix the configuration file"),
        ("[toy", "not TOML: Expected ']'", "fix the file at that place"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(
    toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, text: str, message: str, cure: str
) -> None:
    """A mistake is exit code 2 and names file and key and, for a misspelt one, the nearest that is known."""
    path = config(tmp_path, text)

    code = play(toy, path)

    assert code == 2
    said, hint, _ = capsys.readouterr().err.split("\n")
    assert said.startswith(f"error: {path}: {message}")
    assert hint == f"  {cure}"


def test_the_whole_file_is_checked_whichever_command_runs(
    toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake in the table of another command is found as well."""
    code = play(toy, config(tmp_path, "[export]\nrate = 4"))

    assert code == 2
    assert "export.rate is unknown" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, and one that is no text, end with exit code 2 and a sentence."""
    path = tmp_path / "latin.toml"
    path.write_bytes(b"[toy]\ntext = '\xe4'")

    codes = [play(toy, tmp_path / "missing.toml"), play(toy, path)]

    assert codes == [2, 2]
    err = capsys.readouterr().err
    assert f"error: {tmp_path / 'missing.toml'}: No such file or directory" in err
    assert f"error: {path}: not UTF-8 text" in err
