"""Text of ``check``: how each input is read, the invalid rows, the plan and the sample requests."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from provisioner.models import Counts, Problem
from provisioner.models.forecast import Forecast
from provisioner.models.summary import Summary

from .plan_text import plan_lines


def check_lines(summary: Summary) -> Iterator[str]:
    """Yield the lines of a checked input: sources, row counts, invalid rows, plan, and sample requests."""
    counts, details = summary.counts or Counts(), summary.details
    for source in details["sources"]:
        yield f"{source['source']}: {_found(source)}"
    yield f"rows {counts.input:,} = valid {counts.pending:,} + invalid {counts.invalid:,}"
    for row in details["invalid_rows"]:
        problems = "; ".join(str(Problem(**each)) for each in row["problems"])
        yield f"  {row['source']}, line {row['line']}, row {row['row']}: {problems}"
    if counts.invalid > len(details["invalid_rows"]):
        yield f"  … and {counts.invalid - len(details['invalid_rows']):,} more: --all lists them"
    yield from plan_lines(_plan(counts, details))
    for number, request in enumerate(details["requests"], 1):
        fields = " · ".join(f"{field}={text}" for field, text in request.items())
        yield f"request {number}: POST /v2/WebChats  {fields}"


def _found(source: Mapping[str, Any]) -> str:
    """Describe how an input is read; omit findings such as "no compression" and "no byte order mark"."""
    told = [
        (what, finding)
        for what, finding in source.items()
        if isinstance(finding, Mapping) and finding["value"] not in {"none", "no"}
    ]
    return ", ".join(
        f"{what.replace('_', ' ')} {finding['value']!r} ({finding['reason']})" for what, finding in told
    )


def _plan(counts: Counts, details: Mapping[str, Any]) -> Forecast:
    finishes_at = details["finishes_at"]
    return Forecast(
        counts=counts,
        to_send=details["new_identities"],
        rate_asked=details["rate_asked"],
        duration_s=details["duration_s"],
        finishes_at=datetime.fromisoformat(finishes_at) if finishes_at else None,
        notes=tuple(details["plan_notes"]),
    )
