"""What is written about the simulator."""

import re
from dataclasses import fields
from pathlib import Path

from provisioner.simulator import FaultName, FaultRule, SimulatorSettings

PAGE = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_every_fault_is_documented_with_its_duration() -> None:
    """The table of faults names each one there is, in the order of the code, and how long it takes."""
    rows = re.findall(r"^\| `(\w+)` \|.*\|.*\| ([\d.]*) ?\|$", PAGE, re.MULTILINE)

    durations = [FaultRule(name=name, at=frozenset({1})).duration_s for name in FaultName]
    assert rows == [(name, f"{s:g}" if s else "") for name, s in zip(FaultName, durations, strict=True)]


def test_every_setting_is_documented() -> None:
    """The table of settings leaves none out; the faults and the seed have their own chapter."""
    documented = set(re.findall(r"`(\w+)`", PAGE))

    assert {each.name for each in fields(SimulatorSettings)} - {"faults"} <= documented
