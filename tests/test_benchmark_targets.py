"""The arithmetic of the table of targets."""

from pathlib import Path

import pytest

from benchmarks.asked import (
    AGAINST,
    BARE_UVLOOP,
    FIRST_BARE,
    FIRST_RUN,
    HEAD,
    NOT_MEASURED,
    NOW,
    RUN,
    Figure,
    Target,
    ratio,
    targets,
    wall_s,
)
from benchmarks.process import Usage
from benchmarks.scale import long_file
from benchmarks.usages import VARIABLE, Usages, keep, kept


def used(*walls: float, cpu_s: float = 1.0, peak_mib: float = 50.0) -> list[Usage]:
    """Return runs that took so long."""
    return [Usage(wall_s, cpu_s, peak_mib) for wall_s in walls]


def lines(usages: Usages) -> dict[str, tuple[str, ...]]:
    """Return the lines of the table by what they are about."""
    told = [each.line(usages) for each in targets(1_000, "abc1234")]
    assert {len(each) for each in told} == {len(HEAD)}
    return {what: tuple(rest) for what, *rest in told}


def test_a_ratio_is_the_median_of_those_of_each_round() -> None:
    """A round in which the machine was slow was slow for both, so it does not distort the ratio."""
    usages = {"one": used(1.0, 10.0, 3.0), "other": used(2.0, 40.0, 4.0)}

    assert ratio("one", "other", wall_s, usages) == 0.5


@pytest.mark.parametrize("usages", [{}, {"one": used(1.0)}, {"one": used(1.0), "other": []}])
def test_there_is_no_ratio_without_a_round_of_both(usages: Usages) -> None:
    """What is not installed was not measured."""
    assert ratio("one", "other", wall_s, usages) is None


def test_every_target_is_in_the_table_although_nothing_was_measured() -> None:
    """It says so, and judges nothing."""
    told = lines({})

    assert len(told) == 11
    assert {(found, reached) for found, _, _, _, reached in told.values()} == {(NOT_MEASURED, "")}


def test_the_speed_of_a_run_is_told_against_a_peer_by_seconds_and_by_processor_time() -> None:
    """A run that takes 4 s and 1 s of the processor is 0.75 times as fast as one of 3 s, or 2 by the processor."""
    told = lines({RUN: used(4.0, 4.0), BARE_UVLOOP: used(3.0, 3.0, cpu_s=2.0)})

    assert told["whole run ÷ bare aiohttp loop, both uvloop, rows/s"] == (
        "0.75",
        "2.00",
        "≥ 0.85",
        "≥ 1.00",
        "missed",
    )


def test_a_speed_by_seconds_that_the_processor_time_denies_is_not_reached() -> None:
    """The peer had its turn while other programs were at work."""
    told = lines({RUN: used(1.0, cpu_s=1.0), BARE_UVLOOP: used(2.0, cpu_s=0.8)})

    assert told["whole run ÷ bare aiohttp loop, both uvloop, rows/s"] == (
        "2.00",
        "0.80",
        "≥ 0.85",
        "≥ 1.00",
        "missed",
    )


def test_a_commit_is_compared_by_processor_time() -> None:
    """Seconds do not count, as other programs may have taken them."""
    told = lines({NOW: used(9.0, cpu_s=0.7), AGAINST: used(1.0, cpu_s=1.0)})

    what = "processor time of a row of the whole `run` ÷ that of commit abc1234"
    assert told[what] == ("0.70", "0.70", "≤ 0.80", "≤ 0.65", "must")


def test_first_requests_are_compared_by_when_they_arrived() -> None:
    """That of a run ÷ that of the bare loop; less is better."""
    told = lines({FIRST_RUN: used(0.36), FIRST_BARE: used(0.3)})

    assert told["first request of a `run` of 25 rows ÷ that of the bare loop, s"][0] == "1.20"
    assert told["first request of a `run` of 25 rows ÷ that of the bare loop, s"][-1] == "goal"


def test_a_long_file_is_told_in_rows_a_second_seconds_and_memory() -> None:
    """Each in its own unit, with the same by processor time where it was measured in seconds."""
    told = lines(
        {
            long_file("check", 1_000): used(0.004, cpu_s=0.002),
            long_file("run", 1_000): used(9.0, peak_mib=60.0),
            long_file("report", 1_000): used(7.0, cpu_s=5.0, peak_mib=101.0),
        }
    )

    assert told["`check`, 1,000 rows"][:2] == ("250,000 rows/s", "500,000 rows/s")
    assert told["`check`, 1,000 rows"][-1] == "must"
    assert told["`run`, peak memory, 1,000 rows"] == ("60.0 MiB", "", "≤ 60.0 MiB", "≤ 50.0 MiB", "must")
    assert told["`report`, 1,000 rows"] == ("7.00 s", "5.00 s", "≤ 12.00 s", "≤ 6.00 s", "must")
    assert told["`report`, peak memory, 1,000 rows"][-1] == "missed"


def test_a_target_without_a_goal_is_reached_by_what_must_be() -> None:
    """There is nothing better to reach."""
    target = Target("x", lambda _: Figure(2.0), 2.0)

    assert target.line({}) == ("x", "2.00", "", "≥ 2.00", "", "must")


def test_parts_keep_usages_for_the_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later parts add to them; without a file nothing is kept, and nothing fails."""
    monkeypatch.delenv(VARIABLE, raising=False)
    keep({"a": used(1.0)})
    assert kept() == {}

    (tmp_path / "usages.json").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "usages.json"))
    keep({"a": used(1.0), "b": ()})
    keep({"a": used(2.0)})

    assert kept() == {"a": used(2.0), "b": []}
