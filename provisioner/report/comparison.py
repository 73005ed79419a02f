"""Table that compares several jobs and marks differences from the first."""

from collections.abc import Callable, Sequence

from provisioner.load import Distribution, StepMetrics

from .job_data import JobData
from .markup import escape, number_text, section, share_text, time_text

NOTABLE = 0.1
"""Relative difference from the first job's figure above which a figure is marked."""

_Figure = Callable[[JobData], float | None]


def _of_step(step: str, take: Callable[[StepMetrics], float | None]) -> _Figure:
    return lambda job: take(job.steps[step][0]) if step in job.steps else None


def _latency(since: str, name: str) -> Callable[[StepMetrics], float | None]:
    def take(metrics: StepMetrics) -> float | None:
        found: Distribution = metrics.distribution(since)
        value: float | None = getattr(found, name)
        return value

    return take


_FIGURES: Sequence[tuple[str, _Figure, Callable[[float | None], str]]] = (
    *(
        (name, lambda job, name=name: getattr(job.counts, name), number_text)
        for name in ("input", "created", "rejected", "unknown", "unsent", "invalid")
    ),
    ("requests", _of_step("create", lambda each: each.requests), number_text),
    ("rows without success", _of_step("create", lambda each: each.error_share), share_text),
    ("answered 429", _of_step("create", lambda each: each.throttled_share), share_text),
    ("left late", _of_step("create", lambda each: each.late), number_text),
    *(
        (f"{step} {name} from {since}", _of_step(step, _latency(since, name)), time_text)
        for step in ("create", "message")
        for since in ("due", "sent")
        for name in ("p50", "p95", "p99", "max")
    ),
)


def compare(jobs: Sequence[JobData]) -> str:
    """Return the jobs' figures and different settings as an HTML table.

    Figures that differ from the first job's by more than ``NOTABLE`` are marked.
    """
    head = "".join(f'<th scope="col">{escape(job.name)}</th>' for job in jobs)
    rows = "".join(_row(name, [take(job) for job in jobs], write) for name, take, write in _FIGURES)
    settings = "".join(_setting(name, jobs) for name in _setting_names(jobs))
    return section(
        "Comparison",
        f'<div class="wide"><table><thead><tr><th scope="col">figure</th>{head}</tr></thead>'
        f"<tbody>{rows}{settings}</tbody></table></div>",
        "<p>Marked: more than a tenth away from the first job, or another setting.</p>",
    )


def _row(name: str, values: Sequence[float | None], write: Callable[[float | None], str]) -> str:
    if all(value is None for value in values):
        return ""
    first = values[0]
    cells = "".join(_cell(write(value), is_marked=_differs(first, value)) for value in values)
    return f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'


def _cell(text: str, *, is_marked: bool) -> str:
    return f"<td><mark>{escape(text)}</mark></td>" if is_marked else f"<td>{escape(text)}</td>"


def _differs(first: float | None, other: float | None) -> bool:
    if first is None or other is None:
        return first is not other
    return abs(other - first) > NOTABLE * abs(first)


def _setting_names(jobs: Sequence[JobData]) -> list[str]:
    return sorted({name for job in jobs for name in job.settings})


def _setting(name: str, jobs: Sequence[JobData]) -> str:
    values = [job.settings.get(name, "") for job in jobs]
    if len(set(values)) == 1:
        return ""
    cells = "".join(_cell(value, is_marked=value != values[0]) for value in values)
    return f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
