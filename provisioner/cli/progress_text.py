"""A look at a run in words, for the live display and for plain lines alike."""

from provisioner.progress import Progress

from .figures import duration_text, rate_text

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
    return f"{progress.done:,}/{progress.total:,} rows, {int(progress.share * 100)} %"


def pace_text(progress: Progress) -> str:
    """Write how fast it goes and how long it takes."""
    left = "?" if progress.eta_s is None else duration_text(progress.eta_s)
    parts = (
        f"{rate_text(progress.rate_now)} of {rate_text(progress.rate_asked)}",
        f"in flight {progress.in_flight:,}",
        f"429s {progress.throttled:,}",
        f"elapsed {duration_text(progress.elapsed_s)}",
        f"left {left}",
    )
    return "  ".join(parts)


def outcome_text(progress: Progress, name: str) -> str:
    """Write how many rows came to the outcome of this name."""
    return f"{name} {getattr(progress, name):,}"


def plain_line(progress: Progress) -> str:
    """Write all of it on one line."""
    outcomes = [outcome_text(progress, name) for name in OUTCOME_COLOURS]
    return "  ".join((progress.state, done_text(progress), pace_text(progress), *outcomes))
