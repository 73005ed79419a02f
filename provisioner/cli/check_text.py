"""Text of ``check``: how each input is read, the invalid rows, the plan and the sample requests."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from provisioner.models import Counts, Problem
from provisioner.models.forecast import AccountForecast, Forecast, MappedField
from provisioner.models.summary import Summary

from .plan_text import mapping_lines, plan_lines


def check_lines(summary: Summary, *, is_verbose: bool = False) -> Iterator[str]:
    """Yield the lines of a check: the verdict, where each field comes from, how the input is read, rows and plan.

    With ``is_verbose``, tell of each input what was found out and why.
    """
    counts, details = summary.counts or Counts(), summary.details
    yield details["verdict"]
    yield from mapping_lines([msgspec.convert(each, MappedField) for each in details["mapping"]])
    if is_verbose:
        yield from (f"{source['source']}: {_found(source)}" for source in details["sources"])
    else:
        yield from _readings(details["sources"])
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


def _readings(sources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield how the inputs are read, a line for all that are read alike."""
    names: dict[str, list[str]] = {}
    for source in sources:
        told = [(what, source[what]) for what in _SHOWN if _is_worth_a_word(source.get(what))]
        read = ", ".join(f"{what} {finding['value']!r}{_doubt(finding)}" for what, finding in told)
        names.setdefault(read, []).append(source["source"])
    for read, (first, *others) in names.items():
        yield f"{first}{f' and {len(others):,} more' if others else ''}: {read}"


_SHOWN = ("compression", "encoding", "format", "delimiter", "sheet")


def _doubt(finding: Mapping[str, Any]) -> str:
    """Return the reason of a guess, which somebody has to confirm."""
    return f" ({finding['reason']})" if finding["is_guess"] else ""


def _is_worth_a_word(finding: object) -> bool:
    return isinstance(finding, Mapping) and finding["value"] not in {"none", "no"}


def _found(source: Mapping[str, Any]) -> str:
    """Return the findings on one input as text, with the reason for each."""
    told = [(what, finding) for what, finding in source.items() if _is_worth_a_word(finding)]
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
        accounts=[msgspec.convert(each, AccountForecast) for each in details.get("accounts", ())],
    )
