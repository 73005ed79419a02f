"""A plan in words."""

from collections.abc import Iterator

from provisioner.forecast import Forecast

from .figures import duration_text, rate_text


def plan_lines(plan: Forecast) -> Iterator[str]:
    """Render what a run will do, a line for each thing to know."""
    rows = f"plan: {plan.to_send:,} of {plan.counts.input:,} rows to send"
    if plan.duration_s is None or plan.rate_asked is None:
        yield f"{rows}, with no pace limit"
    elif plan.to_send and plan.finishes_at is not None:
        until = plan.finishes_at.strftime(
            "%H:%M:%S" if plan.duration_s < 6 * 3600 else "%A %H:%M"
        )  # a night's work
        yield f"{rows} at {rate_text(plan.rate_asked)}: {duration_text(plan.duration_s)}, until {until}"
    else:
        yield rows
    yield from (f"note: {note}" for note in plan.notes)
