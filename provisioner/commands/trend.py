"""The command ``report`` on a schedule: one page about the trend of its runs, and whether the newest is worse."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from provisioner import __version__
from provisioner.errors import LedgerError, ThresholdError, UsageError
from provisioner.ledger import SENDING_COMMANDS, LedgerLocation, LedgerReader, open_reader
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.options import ReportOptions
from provisioner.options.limits import parse_regression
from provisioner.report.clock import LocalClock
from provisioner.report.job_data import measure_creation
from provisioner.report.trend import LEAST_BASELINE, ScheduledRun, figures_of, judge_newest, schedule_name
from provisioner.report.trend_page import Trend, render_trends
from provisioner.report.verdict import judge_job, last_judged_run
from provisioner.results import atomic_write
from provisioner.runs.named_ledger import ledger_of

from .run_state import last_run_state
from .status import ledger_held_since

USUAL_LIMIT = "20%"
"""Limit of ``--regress`` for a folder or a pattern."""
MOST_RUNS = 100
"""Most runs of a schedule on its page; older ones are counted."""


def write_trend(ledgers: Sequence[Path], options: ReportOptions, output: Path, clock: LocalClock) -> Summary:
    """Write the page about the schedules of the ledgers at the paths ``ledgers``.

    Raise ``UsageError`` when none of them has a run that sent rows.
    """
    limit = parse_regression(options.regress or USUAL_LIMIT)
    found, notes = _dated_ledgers(ledgers)
    trends = [_trend(name, dated, limit, clock) for name, dated in found.items()]
    with atomic_write(output) as stream:
        page = render_trends(
            trends, clock, version=f"provisioner {__version__}", made_at=clock.moment(time.time())
        )
        stream.write(page.encode("utf-8", "backslashreplace"))  # a file name may hold bytes that are not UTF-8
    summary = Summary(
        command="report",
        output=str(output),
        notes=(*notes, *_about_judging(trends)),
        details={
            "jobs": [{"ledger": str(each.location)} for dated in found.values() for each in dated],
            "schedules": [_details(trend) for trend in trends],
        },
    )
    return _with_verdict(summary, trends)


@dataclass(frozen=True, slots=True)
class _DatedLedger:
    """Ledger with the start of its first run, in Unix seconds."""

    location: LedgerLocation
    started: float


def _dated_ledgers(ledgers: Sequence[Path]) -> tuple[dict[str, list[_DatedLedger]], list[str]]:
    """Return the ledgers by their schedule, in ascending order of time, and notes about those that are omitted."""
    found: defaultdict[str, list[_DatedLedger]] = defaultdict(list)
    notes: list[str] = []
    for path in ledgers:
        try:
            location = ledger_of(path)
            with open_reader(location) as reader:
                started = _first_start(reader)
        except LedgerError as error:
            notes.append(f"not read: {error.message}")
            continue
        if started is None:
            notes.append(f"not shown: no run has sent rows by {location}")
            continue
        found[schedule_name(_name_of(location))].append(_DatedLedger(location, started))
    if not found:
        raise UsageError(
            "; ".join(notes) or "no ledger is named", cure="name the ledgers of a schedule, or their folder"
        )
    return {name: sorted(found[name], key=lambda each: each.started) for name in sorted(found)}, notes


def _name_of(location: LedgerLocation) -> str:
    """Return the name of a ledger without its folder or its database."""
    return location.job or location.name


def _first_start(reader: LedgerReader) -> float | None:
    """Return when the first run that sends rows began, in Unix seconds, None when there was none."""
    return next((run.started for run in reader.runs() if run.note.command in SENDING_COMMANDS), None)


def _trend(name: str, dated: Sequence[_DatedLedger], limit: float | None, clock: LocalClock) -> Trend:
    runs = [_figures(each, clock) for each in dated[-MOST_RUNS:]]
    return Trend(
        name=name,
        runs=runs,
        judged=judge_newest(runs, limit) if limit is not None else (),
        limit=limit,
        left_out=max(len(dated) - MOST_RUNS, 0),
    )


def _figures(dated: _DatedLedger, clock: LocalClock) -> ScheduledRun:
    """Return the figures of a ledger; raise ``LedgerError`` when it cannot be read any more."""
    with open_reader(dated.location) as reader:
        runs, counts = reader.runs(), reader.counts()
        held_since, now = ledger_held_since(reader), time.time()
        state = last_run_state(runs, reader.activity, counts, held_since=held_since, now=now)
        metrics = measure_creation(reader)
        last = last_judged_run(runs)
        return ScheduledRun(
            ledger=_name_of(dated.location),
            started=dated.started,
            verdict=judge_job(runs, counts.final, state.phase if state else "", clock),
            exit_code=last.exit_code if last else None,
            settings=reader.manifest.settings | reader.asked(),
            rows=metrics.rows,
            **figures_of(metrics),
        )


def _about_judging(trends: Sequence[Trend]) -> Iterator[str]:
    """Yield a note for each schedule whose newest run could not be judged: exit code 0 is no success then."""
    for trend in trends:
        if trend.limit is not None and not trend.is_judged:
            needed = f"{LEAST_BASELINE} runs with figures before it are needed"
            yield f"{trend.name}: the newest run was not judged, {needed}"


def _details(trend: Trend) -> dict[str, Any]:
    """Return a schedule in values that JSON can hold, its runs the newest first."""
    return {
        "name": trend.name,
        "runs": [
            {
                "ledger": run.ledger,
                "started": run.started,
                "verdict": run.verdict.title,
                "exit_code": run.exit_code,
                "rows": run.rows,
                "p95_s": run.p95_s,
                "error_share": run.error_share,
                "achieved": run.achieved,
                "rate": run.rate,
            }
            for run in reversed(trend.runs)
        ],
        "limit": trend.limit,
        "judged": [
            {
                "figure": each.name,
                "newest": each.newest,
                "median": each.usual,
                "change": each.change,
                "is_worse": each.is_worse,
            }
            for each in trend.judged
        ],
    }


def _with_verdict(summary: Summary, trends: Sequence[Trend]) -> Summary:
    worse = [f"{trend.name}: {each.text}" for trend in trends for each in trend.worse]
    if not worse:
        return summary
    error = ThresholdError(
        f"the newest run is worse than usual: {'; '.join(worse)}",
        cure=f"look at {summary.output}, or allow more with --regress",
    )
    return structs.replace(
        summary, exit_code=error.exit_code, outcome=CommandOutcome.FAILED, error=ErrorInfo.from_error(error)
    )
