"""Text of a run's progress, for the live display and for plain lines."""

from collections.abc import Mapping, Sequence

from provisioner.models.progress import DRAINING, Progress, WorkerProgress
from provisioner.models.text import duration_text, pluralize, rate_text

OUTCOME_COLOURS = {
    "created": "green",
    "rejected": "red",
    "unknown": "yellow",
    "unsent": "yellow",
    "invalid": "red",
}
"""Colour of each outcome of a row, in display order; used when its count is above 0."""


def done_text(progress: Progress) -> str:
    """Return done and total, such as ``5/10 rows, 50 %``; 100 % appears only after the last row.

    One of several workers has no total: ``5 rows by this worker``.
    """
    if progress.is_of_one_worker:
        return f"{pluralize('row', progress.done)} by this worker"
    return f"{progress.done:,}/{progress.total:,} {progress.noun}, {int(progress.share * 100)} %"


def is_held_up(progress: Progress) -> bool:
    """Return whether the run does not start requests at present, or is stopping."""
    return progress.state.startswith(("paused", "waiting", DRAINING))


def pace_texts(progress: Progress) -> Sequence[str]:
    """Return the rate, the requests in flight, the count of 429s, and the elapsed and remaining time."""
    left = "?" if progress.eta_s is None else duration_text(progress.eta_s)
    return (
        f"{rate_text(progress.rate_now)} of {rate_text(progress.rate_asked)}",
        f"in flight {progress.in_flight:,}",
        *([] if progress.messages is None else [f"messages {progress.messages:,}"]),
        *([] if progress.open is None else [f"open {progress.open:,}"]),
        f"429s {progress.throttled:,}",
        f"elapsed {duration_text(progress.elapsed_s)}",
        *([] if progress.is_of_one_worker else [f"left {left}"]),
    )


def outcomes_of(progress: Progress) -> Mapping[str, int]:
    """Return the count of each outcome so far, in display order."""
    if progress.outcomes is not None:
        return progress.outcomes
    return {name: getattr(progress, name) for name in OUTCOME_COLOURS}


def plain_line(progress: Progress) -> str:
    """Return the state, the progress, the pace and the outcomes as one line."""
    outcomes = [f"{name} {number:,}" for name, number in outcomes_of(progress).items()]
    return "  ".join((progress.state, done_text(progress), *pace_texts(progress), *outcomes))


def worker_texts(workers: Sequence[WorkerProgress]) -> Sequence[str]:
    """Return the figures of each worker of a shared run as a line; what they have in common stands in columns."""
    cells = [_worker_cells(each) for each in workers]
    widths = [max(len(text) for text in column) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(map(str.ljust, each, widths)).rstrip() for each in cells]


def _worker_cells(worker: WorkerProgress) -> Sequence[str]:
    return (
        f"worker {worker.number}",
        f"{worker.host}, process {worker.pid}",
        pluralize("row", worker.done),
        rate_text(worker.rate_now),
        f"in flight {worker.in_flight:,}",
        f"lease {max(worker.lease_left_s, 0.0):.0f} s",
    )
