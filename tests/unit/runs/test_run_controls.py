"""What the controls of the live page offer, and what they do to a run."""

import asyncio

import pytest

from provisioner.errors import ExitCode
from provisioner.models.summary import Summary
from provisioner.options import Rate, parse_rate
from provisioner.pacing import Pacer
from provisioner.report.controls import NO_CONTROLS, ControlState
from provisioner.runs.run_controls import RunControls
from tests.watched_runs import QuietRun


async def test_each_control_is_offered_while_it_changes_something() -> None:
    """Pause and resume take turns; a run that stops, or is over, can only be watched."""
    run, pacer = QuietRun(), Pacer(Rate(per_second=4))
    watch = run.watch(pacer)
    controls = RunControls(watch)

    at_first = controls.state()
    controls.pause()
    paused = controls.state()
    controls.resume()
    controls.set_rate("90/m")
    resumed = controls.state()
    controls.stop()
    stopping = controls.state()

    going = ControlState(pause=True, set_rate=True, stop=True, rate="4/s")
    assert at_first == going
    assert paused == ControlState(resume=True, set_rate=True, stop=True, rate="4/s")
    assert resumed == ControlState(pause=True, set_rate=True, stop=True, rate="1.5/s")
    assert stopping == ControlState(rate="1.5/s")
    watch.settle()
    assert controls.state() == NO_CONTROLS


async def test_a_second_stop_changes_nothing() -> None:
    """Two clicks are one: the second request to stop would cancel what is in flight."""
    run = QuietRun()
    controls = RunControls(run.watch(Pacer(Rate(per_second=4))))
    asked = []
    with run.stop.active(drain_s=30):
        run.stop.on_stop(lambda: asked.append("drain"), lambda: asked.append("cancel"))
        for _ in range(3):
            controls.stop()
            await asyncio.sleep(0)  # the request reaches the event loop

    assert (asked, run.stop.exit_code) == (["drain"], ExitCode.SIGINT)


async def test_several_workers_are_not_paused_by_one_page() -> None:
    """A pause would hold this process alone; a rate is the lowest of all, and a stop ends the run of all."""
    run, pacer = QuietRun(has_others=True), Pacer(Rate(per_second=4))
    controls = RunControls(run.watch(pacer))

    controls.pause()

    assert controls.state() == ControlState(set_rate=True, stop=True, rate="4/s")
    assert not pacer.is_held
    assert RunControls(run.watch()).state() == ControlState(stop=True)


@pytest.mark.parametrize(
    ("asked", "shown"), [("4", "4/s"), ("0.5/s", "0.5/s"), ("1/h", "1/h"), ("auto", "auto"), ("0", "")]
)
async def test_the_field_holds_the_rate_that_is_asked_for(asked: str, shown: str) -> None:
    """As --rate takes it, so that it can be changed and sent back."""
    found = RunControls(QuietRun().watch(Pacer(parse_rate(asked)))).state().rate

    assert found == shown
    if shown:
        assert parse_rate(found).per_second == pytest.approx(parse_rate(asked).per_second)


async def test_a_run_that_is_over_keeps_its_last_figures_and_its_result() -> None:
    """While results are written the state says so; then the result stays, or that it ended early."""
    run = QuietRun()
    with_result, without = run.watch(), run.watch()
    for watch in (with_result, without):
        watch.settle()
    writing = without.status().progress.state
    with_result.finish(Summary(command="run"))
    for watch in (with_result, without):
        watch.close()

    assert writing == "writing the results"
    assert with_result.status().summary == Summary(command="run")
    assert without.status().progress.state.startswith("ended early")
    assert without.status().progress.total == 10
