"""Figures of the runs of a schedule, and whether the newest is worse than those before it; pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from provisioner.load import StepMetrics, achieved_share

from .markup import share_text, time_text
from .spread import CERTAINTY, share_error
from .verdict import JobVerdict

BASELINE = 10
"""Most runs before the newest whose median is compared with it."""
LEAST_BASELINE = 3
"""Fewest runs before the newest by which it is judged: a median of less is chance."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(?<![0-9a-zA-Z])\d{6}(?![0-9a-zA-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRun:
    """Figures of one ledger of a schedule; None for what was not measured.

    ``started`` is in Unix seconds, ``p95_s`` in seconds from due, ``rate`` in requests per second. ``error_share``
    and ``achieved`` are shares from 0 to 1; see ``achieved_share``. ``exit_code`` is that of the last run.
    """

    ledger: str
    started: float
    verdict: JobVerdict
    exit_code: int | None
    settings: Mapping[str, str]
    rows: int = 0
    p95_s: float | None = None
    error_share: float | None = None
    achieved: float | None = None
    rate: float | None = None


def figures_of(metrics: StepMetrics) -> dict[str, float | None]:
    """Return the figures of the requests to create, by the field names of ``ScheduledRun``."""
    return {
        "p95_s": metrics.distribution("due").p95,
        "error_share": metrics.error_share,
        "achieved": achieved_share(metrics, metrics.rows),
        "rate": metrics.request_rate,
    }


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """One figure of the newest run beside the median of those before.

    ``newest`` and ``usual`` are None when they were not measured, ``bound``, the worst value that is as usual, and
    ``is_worse`` when there was too little before.
    """

    name: str
    text: str
    newest: float | None
    usual: float | None
    bound: float | None = None
    is_worse: bool | None = None

    @property
    def change(self) -> float | None:
        """Relative change from the median, 0.2 for 20 % more; None when it is not known, or from 0."""
        return self.newest / self.usual - 1 if self.newest is not None and self.usual else None


@dataclass(frozen=True, slots=True)
class _Figure:
    """Figure by which runs are judged; ``is_gain`` says that more is better, ``is_share`` that it counts rows."""

    name: str
    read: Callable[[ScheduledRun], float | None]
    write: Callable[[float | None], str]
    is_gain: bool = False
    is_share: bool = False

    def judge(self, newest: ScheduledRun, baseline: Sequence[ScheduledRun], limit: float) -> JudgedFigure:
        known = [value for run in baseline if (value := self.read(run)) is not None]
        value, usual = self.read(newest), median(known) if known else None
        text = f"{self.name} {self.write(value)}, median of {len(known)} before {self.write(usual)}"
        if value is None or usual is None or len(known) < LEAST_BASELINE:
            return JudgedFigure(self.name, text, value, usual)
        chance = CERTAINTY * share_error(newest.rows, usual) if self.is_share else 0.0
        allowed = max(limit * usual, chance)
        bound = usual - allowed if self.is_gain else usual + allowed
        is_worse = value < bound if self.is_gain else value > bound
        text = f"{text}, limit {self.write(bound)}"
        return JudgedFigure(self.name, text, value, usual, bound, is_worse)


_FIGURES = (
    _Figure("p95 from due", lambda run: run.p95_s, time_text),
    _Figure("rows without success", lambda run: run.error_share, share_text, is_share=True),
    _Figure("achieved", lambda run: run.achieved, share_text, is_gain=True),
)


def judge_newest(runs: Sequence[ScheduledRun], limit: float) -> Sequence[JudgedFigure]:
    """Return how the newest run compares with the median of the ``BASELINE`` runs before it.

    ``runs`` are in ascending order of time. A figure is worse when it differs from the median by more than the
    share ``limit`` to its bad side. A share of errors has to exceed the median by more than chance as well: a
    single error after runs without any is no trend.
    """
    if not runs:
        return ()
    *before, newest = runs
    return [figure.judge(newest, before[-BASELINE:], limit) for figure in _FIGURES]


def schedule_name(ledger: str) -> str:
    """Return the name of a ledger with ``{date}`` and ``{time}`` in place of its date and time.

    Ledgers of one schedule have the same name then.
    """
    return _TIME.sub("{time}", _DATE.sub("{date}", ledger))


def changed_settings(runs: Sequence[ScheduledRun]) -> Iterator[Sequence[str]]:
    """Yield for each run the settings that are not those of the run before, such as ``rate 4/s → 5/s``."""
    before: Mapping[str, str] | None = None
    for run in runs:
        known = run.settings if before is None else before
        names = sorted(name for name in {*known, *run.settings} if known.get(name) != run.settings.get(name))
        yield [f"{name} {known.get(name) or '-'} → {run.settings.get(name) or '-'}" for name in names]
        before = run.settings
