"""Reading scripts of faults."""

import re
from pathlib import Path

import pytest

from provisioner.simulator import FaultName, FaultRule, FaultScript, load_faults, parse_fault

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.mark.parametrize("text", ["stall=2", "stall=2%", " stall = 2.0 % "])
def test_a_fault_is_given_as_name_and_share(text: str) -> None:
    """``NAME=PERCENT`` is read with and without a percent sign."""
    assert parse_fault(text) == FaultRule(name=FaultName.STALL, percent=2)


@pytest.mark.parametrize("text", ["stall", "stall=", "stall=often", "stall=-1", "stall=101", "stall=nan", ""])
def test_a_fault_in_another_form_is_refused(text: str) -> None:
    """Anything else is named together with the form it should have."""
    with pytest.raises(ValueError, match=r"is not a fault: write NAME=PERCENT"):
        parse_fault(text)


def test_an_unknown_fault_is_answered_with_the_known_ones() -> None:
    """A misspelt name is shown with the names there are."""
    with pytest.raises(ValueError, match=r"unknown fault 'stal'; known are refuse, .*lookup_throttled"):
        parse_fault("stal=2")


def test_a_script_is_read_from_toml(tmp_path: Path) -> None:
    """Every key of a table arrives in its rule; without a share a window means all of it."""
    path = tmp_path / "faults.toml"
    path.write_text(
        """
        seed = 7
        [[fault]]
        name = "stall"
        percent = 2.5
        from = 10
        to = 20
        seconds = 30
        creates = false
        [[fault]]
        name = "throttle_absurd"
        at = [3, 7]
        retry_after = -5
        [[fault]]
        name = "error_503"
        from = 100
        """,
        encoding="utf-8",
    )

    script = load_faults(path)

    assert script == FaultScript(
        (
            FaultRule(name=FaultName.STALL, percent=2.5, first=10, last=20, seconds=30, creates=False),
            FaultRule(name=FaultName.THROTTLE_ABSURD, at=frozenset({3, 7}), retry_after="-5"),
            FaultRule(name=FaultName.ERROR_503, percent=100, first=100),
        ),
        seed=7,
    )


def test_an_empty_script_is_no_fault_at_all(tmp_path: Path) -> None:
    """A file may hold nothing."""
    path = tmp_path / "faults.toml"
    path.touch()

    assert load_faults(path) == FaultScript()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = 'x'", "seed must be a whole number"),
        ("seed = true", "seed must be a whole number"),
        ("faults = 1", "unknown key 'faults'; a script has a seed and [[fault]] tables"),
        ("fault = 1", "write each fault as a table of its own, headed [[fault]]"),
        ("fault = [1]", "write each fault as a table of its own, headed [[fault]]"),
        ("[[fault]]\npercent = 1", "[[fault]] number 1: it has no name"),
        ("[[fault]]\nname = 'stall'", "[[fault]] number 1: say when it happens: percent, at, from or to"),
        ("[[fault]]\nname = 'stal'\npercent = 1", "[[fault]] number 1: unknown fault 'stal'"),
        (
            "[[fault]]\nname = 'stall'\nshare = 1",
            "[[fault]] number 1: unknown key 'share'; known are name, percent",
        ),
        ("[[fault]]\nname = 'stall'\npercent = '1'", "[[fault]] number 1: percent has a value of the wrong kind"),
        ("[[fault]]\nname = 'stall'\nat = ['x']", "[[fault]] number 1: at must list whole numbers"),
        ("[[fault]]\nname = 'stall'\nat = [true]", "[[fault]] number 1: at must list whole numbers"),
        ("[[fault]]\nname = 'stall'\npercent = 101", "[[fault]] number 1: fault stall: percent must be between"),
        ("[[fault]", "Expected ']]'"),
        ("[[fault]]\nname = 'stall'\npercent = 99\n[[fault]]\nname = 'null_sid'\npercent = 2", "add up to 101 %"),
    ],
)
def test_a_script_with_a_mistake_is_refused_by_name_and_place(tmp_path: Path, text: str, reason: str) -> None:
    """The file, the table and the mistake are named."""
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        load_faults(path)

    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is an error of the same kind."""
    with pytest.raises(ValueError, match=r"faults\.toml: cannot be read: No such file"):
        load_faults(tmp_path / "faults.toml")


def test_a_script_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are an error of the same kind."""
    path = tmp_path / "faults.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ValueError, match=r"faults\.toml: .*decode"):
        load_faults(path)


def test_the_sample_shows_every_fault() -> None:
    """The sample file is read as it stands and leaves no fault out."""
    script = load_faults(SAMPLES / "faults.toml")

    assert {rule.name for rule in script.rules} == set(FaultName)
