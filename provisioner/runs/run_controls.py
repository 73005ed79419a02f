"""Controls of a run that the live page offers."""

import math

from provisioner.errors import UsageError
from provisioner.options import RATES, Rate, parse_rate
from provisioner.pacing import Pacer
from provisioner.report.controls import NO_CONTROLS, ControlState

from .run_watch import RunWatch

_HOURLY_BELOW = 0.01


class RunControls:
    """Pause, resume, change the rate of, and stop the run that ``watch`` follows; without a run, do nothing."""

    def __init__(self, watch: RunWatch) -> None:
        self._watch = watch

    def state(self) -> ControlState:
        """Return which controls would change something now.

        A pause holds the requests of this process alone, so it is not offered while others send, too.
        """
        run = self._watch.watched
        if run is None:
            return NO_CONTROLS
        pacer, is_going = run.pacer, not run.is_stopping() and run.stop.exit_code is None
        if pacer is None:
            return ControlState(stop=is_going)
        if not is_going:
            return ControlState(rate=_rate_field(pacer.target))
        return ControlState(
            pause=not (pacer.is_held or run.has_others()),
            resume=pacer.is_held,
            set_rate=True,
            stop=True,
            rate=_rate_field(pacer.target),
        )

    def pause(self) -> None:
        """Start no new requests until ``resume``."""
        if self.state().pause and (pacer := self._pacer) is not None:
            pacer.pause("from the dashboard")

    def resume(self) -> None:
        """Start requests again."""
        if (pacer := self._pacer) is not None:
            pacer.resume()

    def set_rate(self, rate: str) -> None:
        """Change the requested rate, written such as ``4/s``.

        Raise ``UsageError`` for an invalid rate, for ``auto``, and for ``0`` (no limit).
        """
        asked = parse_rate(rate)
        if asked.is_auto or math.isinf(asked.per_second):
            raise UsageError(f"{rate} is not a valid rate", cure=f"name one from {RATES}, e.g. 4/s")
        if self._pacer is not None:
            self._pacer.set_rate(asked)

    def stop(self) -> None:
        """Stop the run as the first Ctrl-C does; when it stops already, do nothing."""
        run = self._watch.watched
        if run is not None and self.state().stop:
            run.stop.request_stop()

    @property
    def _pacer(self) -> Pacer | None:
        return self._watch.watched.pacer if self._watch.watched else None


def _rate_field(rate: Rate) -> str:
    """Return a rate as ``--rate`` takes it: ``4/s``, below 0.01/s per hour, ``auto``; empty for no limit."""
    if rate.is_auto:
        return "auto"
    if math.isinf(rate.per_second):
        return ""
    return f"{rate.per_second * 3600:g}/h" if rate.per_second < _HOURLY_BELOW else f"{rate.per_second:g}/s"
