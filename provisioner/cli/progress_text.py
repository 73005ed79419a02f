"""A look at a run in words, for the live display and for plain lines alike."""

from collections.abc import Mapping

from provisioner.models.progress import Progress

from .formatting import duration_text, rate_text

OUTCOME_COLOURS = {
    "created": "green",
    "rejected": "red",
    "unknown": "yellow",
    "unsent": "yellow",
    "invalid": "red",
}
"""The outcomes of rows in the order they are told, each with its colour where there are any."""


def done_text(progress: Progress) -> str:
    """Write how much is done; never 100 % before the last row."""
    return f"{progress.done:,}/{progress.total:,} {progress.noun}, {int(progress.share * 100)} %"


def pace_text(progress: Progress) -> str:
    """Write how fast it goes and how long it takes."""
    left = "?" if progress.eta_s is None else duration_text(progress.eta_s)
    parts = (
        f"{rate_text(progress.rate_now)} of {rate_text(progress.rate_asked)}",
        f"in flight {progress.in_flight:,}",
        *([] if progress.messages is None else [f"messages {progress.messages:,}"]),
        f"429s {progress.throttled:,}",
        f"elapsed {duration_text(progress.elapsed_s)}",
        f"left {left}",
    )
    return "  ".join(parts)


def outcomes_of(progress: Progress) -> Mapping[str, int]:
    """Return what there is so far of each outcome, in the order they are told."""
    if progress.outcomes is not None:
        return progress.outcomes
    return {name: getattr(progress, name) for name in OUTCOME_COLOURS}


def plain_line(progress: Progress) -> str:
    """Write all of it on one line."""
    outcomes = [f"{name} {number:,}" for name, number in outcomes_of(progress).items()]
    return "  ".join((progress.state, done_text(progress), pace_text(progress), *outcomes))
