"""Sections of the report on one job that list rows, errors, settings and runs, as HTML."""

from collections.abc import Sequence

from provisioner.models.text import pluralize

from .job_data import ErrorGroup, JobData
from .markup import DASH, escape, number_text, paragraph, section, share_text, table, time_text
from .sections import STEP_NAMES


def errors(job: JobData) -> str:
    """Return the errors with their rows, and all requests without success by code, repeated ones included."""
    failures = [
        (STEP_NAMES[step], code or DASH, number_text(count))
        for step, (figures, _) in job.steps.items()
        for code, count in figures.failures.most_common()
    ]
    requests = table(("step", "code", "requests without success"), failures) if failures else ""
    if not job.errors:
        return section("Errors", paragraph("No row has one."), requests)
    groups = "".join(_group(group, job.counts.input) for group in job.errors)
    return section("Errors", f'<ul class="errors">{groups}</ul>', requests)


def _group(group: ErrorGroup, total: int) -> str:
    share = f" ({share_text(group.rows / total)})" if total else ""
    return (
        f'<li><p><strong>{escape(group.code)}</strong> <span class="kind">{escape(group.status)}</span> '
        f"<span>{escape(pluralize('row', group.rows))}{share}</span></p>"
        f"<p>{escape(group.sentence)}</p>"
        f'<p class="rows"><span>rows</span> <span>{escape(_named(group.named, group.rows))}</span></p></li>'
    )


def _named(named: Sequence[tuple[int, str]], total: int) -> str:
    rows = [f"{row} ({key})" if key else str(row) for row, key in named]
    more = f" and {total - len(named):,} more" if total > len(named) else ""
    return f"{', '.join(rows)}{more}"


def slowest(job: JobData) -> str:
    """Return the created rows that took longest, from when they were due."""
    if not job.slowest:
        return ""
    rows = [
        (
            str(row.row),
            row.key or DASH,
            time_text(row.from_due_s),
            time_text(row.from_sent_s),
            row.conversation_sid or DASH,
        )
        for row in job.slowest
    ]
    return section("Slowest rows", table(("row", "key", "from due", "from sent", "conversation"), rows))


def configuration(job: JobData) -> str:
    """Return the settings of the job and a list of its runs."""
    manifest = job.manifest
    facts = [("job", manifest.job_id), ("begun", manifest.created_at), ("by", manifest.created_by)]
    settings = [(name, value) for name, value in sorted(job.settings.items()) if value]
    runs = [
        (
            run.run_id,
            run.note.command or DASH,
            job.clock.moment(run.started),
            DASH if run.ended is None else job.clock.moment(run.ended),
            str(DASH if run.exit_code is None else run.exit_code),
        )
        for run in job.runs
    ]
    return section(
        "Configuration",
        table(("setting", "value"), [*facts, *settings]),
        table(("run", "command", "started", "ended", "exit code"), runs) if runs else "",
    )
