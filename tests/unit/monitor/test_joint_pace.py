"""Rate and pause of several pacers together."""

from dataclasses import dataclass

from provisioner.monitor.joint_pace import JointPace


@dataclass(frozen=True)
class Pace:
    """A pacer that says so."""

    rate: float
    paused_for: float = 0.0
    pause_reason: str = ""


def test_rates_add_up_and_only_a_pause_of_all_is_one() -> None:
    """While one of them sends, nothing is shown as paused; then the shortest pause is."""
    free, paused = Pace(5), Pace(4, 3.0, "outside 22:00-06:00")

    some, every = JointPace([free, paused]), JointPace([paused, Pace(1, 7.0, "outside 22:00-06:00")])

    assert (some.rate, some.paused_for, some.pause_reason) == (9, 0.0, "")
    assert (every.rate, every.paused_for, every.pause_reason) == (5, 3.0, "outside 22:00-06:00")
    assert (JointPace([]).rate, JointPace([]).paused_for, JointPace([]).pause_reason) == (0, 0.0, "")
