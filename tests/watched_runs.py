"""Runs that are watched by a live page or a metrics file, without anything that sends."""

from dataclasses import dataclass, field

from provisioner.models.progress import Progress
from provisioner.monitor import NO_FIGURES, RunFigures
from provisioner.monitor.run_status import RunFacts
from provisioner.pacing import Pacer
from provisioner.runs.run_watch import RunWatch, WatchedRun
from provisioner.signals import StopSignals

FACTS = RunFacts(command="run", output="r.csv", inputs=["customers.csv"], account="AC1", target="real")


@dataclass
class QuietRun:
    """A run whose state is set by hand; a stop is what its signals were asked for."""

    progress: Progress = field(default_factory=lambda: Progress(total=10))
    figures: RunFigures = NO_FIGURES
    stop: StopSignals = field(default_factory=StopSignals)
    has_others: bool = False

    def watch(self, pacer: Pacer | None = None) -> RunWatch:
        """Return a watch that follows this run, with a clock that stands at 1000."""
        watch = RunWatch(FACTS, clock=lambda: 1000.0)
        watch.follow(
            WatchedRun(
                progress=lambda: self.progress,
                figures=lambda: self.figures,
                stop=self.stop,
                is_stopping=lambda: self.stop.exit_code is not None,
                pacer=pacer,
                has_others=lambda: self.has_others,
            )
        )
        return watch
