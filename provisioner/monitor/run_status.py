"""State of a run at one moment, as the live page and the metrics show it."""

from collections.abc import Sequence
from datetime import tzinfo

import msgspec

from provisioner.models import Counts
from provisioner.models.metric_families import MetricSample
from provisioner.models.progress import Progress
from provisioner.models.summary import Summary

from .figures import NO_FIGURES, RunFigures


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run from its start.

    ``command`` is ``run`` or ``load``. ``output`` is the results file as the user gave it, and ``inputs`` are the
    names of the input files, without secrets. ``account`` is the SID of the account, and ``target`` what is
    called, in words. ``version`` is that of the program. Times are shown in ``zone``, None is this machine's.
    """

    command: str
    output: str = ""
    inputs: Sequence[str] = ()
    account: str = ""
    target: str = ""
    version: str = ""
    zone: tzinfo | None = None


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """State of a run at one moment.

    ``now`` and ``began`` are Unix seconds; ``began`` is when sending began, None before. ``durations`` are the
    samples of a histogram of the requests of this process. ``is_stopping`` says that nothing new is sent, because
    the run was asked to stop or has to. ``has_unseen`` says that others have sent, too: other processes, or this
    one in many accounts. ``summary`` is the result of the run, None until it is over.
    """

    facts: RunFacts
    progress: Progress
    figures: RunFigures = NO_FIGURES
    durations: Sequence[MetricSample] = ()
    now: float = 0.0
    began: float | None = None
    is_stopping: bool = False
    has_unseen: bool = False
    summary: Summary | None = None

    @property
    def counts(self) -> Counts:
        """Rows by outcome; rows without one are ``pending``."""
        if self.summary is not None and self.summary.counts is not None:
            return self.summary.counts
        told = self.progress
        settled = told.created + told.rejected + told.unknown + told.unsent + told.invalid
        return Counts(
            input=told.total + told.left_out,
            created=told.created,
            rejected=told.rejected,
            unknown=told.unknown,
            unsent=told.unsent,
            invalid=told.invalid,
            pending=max(told.total + told.left_out - settled, 0),
        )

    @property
    def elapsed_s(self) -> float:
        """Seconds since sending began, at the end as the summary has them."""
        if self.summary is not None and self.summary.elapsed_s is not None:
            return self.summary.elapsed_s
        return self.progress.elapsed_s
