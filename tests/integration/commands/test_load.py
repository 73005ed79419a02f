"""What a load test is asked for, before anything is opened."""

import math
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.load import arrivals_of, with_closer_schedule
from provisioner.errors import UsageError
from provisioner.load import Arrivals, Stage
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import LoadOptions, Rate
from provisioner.pacing import Pacer
from provisioner.runs.run_controls import RunControls
from tests.watched_runs import QuietRun


@pytest.mark.parametrize(
    ("asked", "arrivals"),
    [
        ({}, Arrivals((Stage(math.inf, 4, 4),))),
        ({"rate": "120/m", "duration": "90s"}, Arrivals((Stage(90, 2, 2),))),
        ({"stage": ("10s:2/s", "5s:=1")}, Arrivals((Stage(10, 0, 2), Stage(5, 1, 1)))),
        ({"arrivals": "poisson", "duration": "1m"}, Arrivals((Stage(60, 4, 4),), seed=0)),
        ({"arrivals": "poisson", "duration": "1m", "seed": 7}, Arrivals((Stage(60, 4, 4),), seed=7)),
        ({"cycle": True, "duration": "1m"}, Arrivals((Stage(60, 4, 4),))),
    ],
)
def test_schedules_by_table(asked: dict[str, Any], arrivals: Arrivals) -> None:
    """Steady, in stages, or by chance."""
    assert arrivals_of(LoadOptions(**asked)) == arrivals


@pytest.mark.parametrize(
    ("asked", "message", "cure"),
    [
        ({"cycle": True}, "--cycle would never end", "--duration or --stage"),
        ({"stage": ("1s:2/s",), "duration": "1s"}, "both say how long", "omit one of them"),
        ({"stage": ("1s:2/s",), "rate": "4/s"}, "--rate 4/s and --stage both say how fast", "omit --rate"),
        ({"rate": "0"}, "a load test needs a rate", "write it as 4/s"),
        ({"rate": "auto"}, "a load test needs a rate", "write it as 4/s"),
        ({"duration": "0"}, "takes no time", "e.g. 5m"),
        ({"duration": "soon"}, "is not a length of time", "90s, 5m or 1h30m"),
        ({"stage": ("1s",)}, "is not a stage", "30s:2/s"),
        ({"stage": ("5s:0",)}, "no row would arrive", "a higher rate"),
        ({"stage": ("1s:0.001/s",), "arrivals": "poisson"}, "no row would arrive", "a higher rate"),
        ({"cycle": True, "duration": "1s", "failed": Path("f")}, "--failed needs a record", "omit --failed"),
        ({"cycle": True, "stage": ("1s:1",), "include_input": True}, "--include-input needs", "omit --include"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_cure(asked: dict[str, Any], message: str, cure: str) -> None:
    """Nothing is opened for it."""
    with pytest.raises(UsageError) as caught:
        arrivals_of(LoadOptions(**asked))

    assert message in caught.value.message
    assert cure in caught.value.cure


def test_a_stage_wins_over_a_rate_and_a_duration_from_farther_away() -> None:
    """A flag wins over the environment, and both over the configuration; from the same place they contradict."""
    options = LoadOptions(stage=("1s:2/s",), rate="4/s", duration="5m")
    flag, known = frozenset({"stage"}), frozenset({"rate", "duration"})
    variables = {"PROVISIONER_LOAD_RATE": "4/s", "PROVISIONER_LOAD_DURATION": "5m"}
    staged = {"PROVISIONER_LOAD_STAGE": "1s:2/s"}

    def closer(environ: dict[str, str], typed: frozenset[str], configured: frozenset[str]) -> LoadOptions:
        environment = ProcessEnvironment(environ, None, "", typed=typed, configured=configured)
        return with_closer_schedule(options, environment)

    for environ, typed, configured in ((variables, flag, frozenset()), ({}, flag, known), (staged, flag, known)):
        assert closer(environ, typed, configured) == LoadOptions(stage=("1s:2/s",))
    assert closer(staged, frozenset(), known) == LoadOptions(stage=("1s:2/s",))
    for environ, typed, configured in (({}, flag | known, known), (variables | staged, frozenset(), known)):
        assert closer(environ, typed, configured) == options
    assert closer({}, known, frozenset({"stage"})) == options


@pytest.mark.parametrize("rate", ["0", "auto", "fast", ""])
async def test_the_live_page_changes_to_paces_only(rate: str) -> None:
    """No limit at all is nothing to be asked for by a click, and what is no rate is told with its cure."""
    pacer = Pacer(Rate(per_second=4))

    with pytest.raises(UsageError) as caught:
        RunControls(QuietRun().watch(pacer)).set_rate(rate)

    assert "4/s" in caught.value.cure
    assert pacer.target_rate == 4
