"""Text of ``load``: offered and achieved rate, latencies and conditions."""

from collections.abc import Iterator, Mapping
from typing import Any

_COLUMNS = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
_VERDICTS = {True: "ok", False: "FAILED", None: "-"}


def load_lines(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield the offered and achieved rows, the latencies of each step, and the result of each condition.

    ``details`` are the details of the load test's ``Summary``.
    """
    if details.get("offered") is not None:
        achieved = details.get("achieved")
        share = "" if achieved is None else f", achieved {achieved * 100:.2f} % of the rate"
        yield f"offered {details['offered']:,} rows{share}"
    for step, figures in details.get("steps", {}).items():
        yield (
            f"{step}: {figures['succeeded']:,} of {figures['rows']:,} rows, {figures['requests']:,} requests, "
            f"{figures['late']:,} late, {figures['throttled']:,} answers 429"
        )
        if figures["found"]:
            yield f"  {figures['found']:,} of them had lost their answer, and were found by a look-up"
        for since in ("due", "sent"):
            found = figures[f"from_{since}"]
            times = "  ".join(f"{name} {_time_text(found[name])}" for name in _COLUMNS)
            yield f"  from {since + ':':<6}{times}"
        for code, count in sorted(figures["failures"].items()):
            yield f"  {code or 'no code'}: {count:,}"
    if details.get("steps"):
        sent, received = details["bytes_sent"], details["bytes_received"]
        yield f"most in flight {details['most_in_flight']:,}, {sent:,} bytes sent, {received:,} received"
    yield from map(threshold_line, details.get("thresholds", ()))


def threshold_line(ruling: Mapping[str, Any]) -> str:
    """Render the verdict on one threshold: ``ok  p95(create.due) 19 ms (fails above 2 s)``.

    A condition whose figure was not measured, so that ``passed`` is None, is neither: it has a dash.
    """
    return f"{_VERDICTS[ruling['passed']]}  {ruling['text']}"


def _time_text(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
