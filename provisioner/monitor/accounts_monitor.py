"""Figures of a run that sends in many accounts at the same time, added up from those of each account."""

from collections.abc import Sequence

from provisioner.models import Counts, Status
from provisioner.models.progress import DONE, LOOKING_UP, SENDING, Progress

from .figures import RunFigures
from .rate_meter import mean_rate
from .run_monitor import RunMonitor
from .shared_figures import added_figures


class AccountsMonitor:
    """Sum of the monitors of the accounts of a run.

    ``before`` are the counts of all rows at the start of the run, also of those in no account; ``to_send`` of them
    are to be sent. ``monitors`` are those of the accounts that have anything to do.
    """

    def __init__(self, before: Counts, *, to_send: int, monitors: Sequence[RunMonitor]) -> None:
        self._before, self._to_send, self._monitors = before, to_send, monitors
        self._ended: set[RunMonitor] = set()

    def end(self, monitor: RunMonitor) -> None:
        """Take account of the end of what ``monitor`` watches: its rate is not asked for any more."""
        self._ended.add(monitor)

    def figures(self) -> RunFigures:
        """Return the figures of the run so far, over all accounts."""
        rate = mean_rate([each.rate_meter for each in self._monitors])
        return added_figures([each.figures() for each in self._monitors], rate_achieved=rate)

    def snapshot(self) -> Progress:
        """Return the current progress over all accounts; its rates are those of the accounts that still send."""
        before, figures = self._before, self.figures()
        settled = figures.settled
        left = [each for each in self._monitors if each not in self._ended]
        going = [each.snapshot() for each in left or self._monitors]
        etas = [each.eta_s for each in going]
        left_out = max(before.pending + before.unsent - self._to_send, 0)
        return Progress(
            total=before.input - left_out,
            left_out=left_out,
            done=before.input - left_out - self._to_send + sum(settled.values()),
            created=before.created + settled.get(Status.CREATED, 0),
            rejected=before.rejected + settled.get(Status.REJECTED, 0),
            unknown=before.unknown + settled.get(Status.UNKNOWN, 0),
            unsent=settled.get(Status.UNSENT, 0),
            invalid=before.invalid,
            in_flight=sum(each.in_flight for each in going),
            throttled=figures.throttled,
            messages=figures.messages,
            rate_now=sum(each.rate_now for each in going),
            rate_asked=sum(each.rate_asked for each in going),
            elapsed_s=max((each.elapsed_s for each in self._monitors), default=0.0),
            eta_s=None if None in etas else max((each for each in etas if each is not None), default=0.0),
            state=_state([each.state for each in going]),
        )


def _state(states: Sequence[str]) -> str:
    """Return the state of the run from those of its accounts: it sends as long as one of them does."""
    left = [each for each in states if each != DONE]
    for state in (SENDING, LOOKING_UP):
        if state in left:
            return state
    return left[0] if left else DONE
