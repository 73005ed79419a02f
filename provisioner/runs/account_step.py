"""Last step of a run: count every row, write the results, and return the summary."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import structs, to_builtins

from provisioner.errors import ExitCode, ProvisionerError, StorageError, UnreachableError
from provisioner.ledger import LedgerReader, ThresholdNote, follow_up_counts
from provisioner.models import Counts, FollowUpCounts, Status
from provisioner.models.account_figures import AccountFigures
from provisioner.models.reasons import MOST_NAMED, InvalidReason, group_problems
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.planning.plan import skipped_records
from provisioner.results import STDOUT
from provisioner.results.outputs import Outputs, file_stamp
from provisioner.system.event_log import event_logger

from .accounts.figures_at_end import figures_at_end, of_listed_accounts
from .earlier_files import edited_files_kept
from .job_commands import JobCommands
from .open_job import OpenJob
from .plan_step import RunPlan
from .row_selection import RetryConfig
from .run_end import AdviceContext, RunOutcome, advice, run_end
from .send_step import SendReport


class Judge(Protocol):
    """Decides by the figures of a run how it ended."""

    def __call__(
        self, reader: LedgerReader, commands: JobCommands, summary: Summary, /
    ) -> tuple[Summary, tuple[ThresholdNote, ...]]:
        """Return the summary with the verdict, and the thresholds by which it was found.

        Called on another thread. Raise ``LedgerError`` when the ledger cannot be read.
        """
        ...


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of the last step.

    ``command`` is the name of the command. With ``is_timed`` (a load test with a fixed duration), rows that were
    not due do not count as left over. ``moment``, the start of the run, goes into the names of files that are
    kept. ``judge`` is that of ``RunKind``.
    """

    command: str
    commands: JobCommands
    outputs: Outputs
    retry: RetryConfig
    is_timed: bool
    moment: datetime
    judge: Judge | None = None


class _FinalState(msgspec.Struct, frozen=True, kw_only=True):
    """State of the job after the last step has finished writing."""

    counts: Counts
    follow_ups: FollowUpCounts
    unknown_rows: Sequence[int]
    invalid: Sequence[InvalidReason]
    skipped: dict[str, object]
    has_results: bool
    error: ProvisionerError | None
    signal_exit: ExitCode | None
    kept: Sequence[str] = ()
    accounts: Sequence[AccountFigures] = ()


async def account(job: OpenJob, config: AccountConfig, run_plan: RunPlan, report: SendReport) -> Summary:
    """Mark rows in flight as unknown, write the results, record the end of the run, and return the summary.

    The first error of these actions goes into the summary. The other actions are still executed, because a full
    disk can still be read.
    """
    job.stop.clear()
    if job.input.mapping.accounts is not None:
        report = of_listed_accounts(report)
    errors = [report.error, await _failure_of(job.ledger.recover)]
    writes_results = run_plan.writes_results
    kept: list[str] = []
    if writes_results:
        write = partial(_write_results, job, config, kept, is_unchanged=run_plan.is_unchanged)
        errors.append(await _failure_of(write))
    counts = await job.ledger.counts()
    final = _FinalState(
        counts=counts,
        follow_ups=await follow_up_counts(job.ledger),
        unknown_rows=[row.row for row in await job.ledger.unknown(0, MOST_NAMED + 1)] if counts.unknown else (),
        invalid=await _invalid_reasons(job) if counts.invalid else (),
        skipped=skipped_records(job.input.sources),
        has_results=writes_results and errors[-1] is None,
        error=next(filter(None, errors), None),
        signal_exit=job.stop.exit_code,
        kept=kept,
        accounts=await figures_at_end(job, report.account_errors),
    )
    summary, thresholds = await _judged(job, config, _summary(config, run_plan, report, final))
    await _store_end(job, run_plan, summary, thresholds)
    event_logger().info("run.finished", exit_code=int(summary.exit_code), outcome=summary.outcome.value)
    with suppress(StorageError, UnreachableError):
        await job.ledger.finish_run(summary.exit_code)
    return summary


async def _judged(
    job: OpenJob, config: AccountConfig, summary: Summary
) -> tuple[Summary, tuple[ThresholdNote, ...]]:
    """Return the summary with the verdict of a load test, and its thresholds; a run has none."""
    judge = config.judge
    if judge is None:
        return summary, ()

    def judged() -> tuple[Summary, tuple[ThresholdNote, ...]]:
        with job.ledger.reader() as reader:
            return judge(reader, config.commands, summary)

    return await asyncio.to_thread(judged)


async def _store_end(
    job: OpenJob, run_plan: RunPlan, summary: Summary, thresholds: tuple[ThresholdNote, ...]
) -> None:
    """Store what is known of the run only at its end: its thresholds, and how to go on without its limit."""
    is_planned = summary.outcome is CommandOutcome.PLANNED
    next_command = summary.next_command if is_planned else run_plan.run_note.next_command
    note = structs.replace(run_plan.run_note, thresholds=thresholds, next_command=next_command)
    if note != run_plan.run_note:
        with suppress(StorageError, UnreachableError):
            await job.ledger.set_run_note(note)


async def _failure_of(step: Callable[[], Awaitable[object]]) -> ProvisionerError | None:
    try:
        await step()
    except ProvisionerError as error:
        return error
    return None


async def _invalid_reasons(job: OpenJob) -> Sequence[InvalidReason]:
    """Return the reasons of the invalid rows; none where the ledger cannot be read, which its errors tell."""

    def read() -> Sequence[InvalidReason]:
        with job.ledger.reader() as reader:
            return group_problems(reader.problems())

    with suppress(ProvisionerError):
        return await asyncio.to_thread(read)
    return ()


async def _write_results(job: OpenJob, config: AccountConfig, kept: list[str], *, is_unchanged: bool) -> None:
    """Write the results, unless the job has not changed and the results files are those of the last run.

    Files that somebody has edited get another name, and a note about each is added to ``kept``.
    """
    outputs, notes = config.outputs, await job.ledger.notes()
    was = notes.results if is_unchanged else ""
    if not was or was != outputs.stamp():

        def write() -> None:
            with edited_files_kept(outputs, notes, config.moment) as told:
                outputs.write(job.ledger.reader, job.input.sources)
            kept.extend(told)

        await asyncio.to_thread(write)
        output, failed = file_stamp(outputs.path), file_stamp(outputs.failed)
        await job.ledger.set_notes(results=outputs.stamp(), output=output, failed=failed)


class _JobEnd(NamedTuple):
    """How the run ended, and what is said of it besides the accounting."""

    end: RunOutcome
    notes: tuple[str, ...]
    next_command: str


def _summary(config: AccountConfig, run_plan: RunPlan, report: SendReport, final: _FinalState) -> Summary:
    figures = report.figures
    is_declined = run_plan.is_declined and final.error is None
    ended = _declined(config) if is_declined else _ended(config, run_plan, report, final)
    return Summary(
        command=config.command,
        exit_code=ended.end.exit_code,
        outcome=ended.end.outcome,
        counts=final.counts.final,
        messages=final.follow_ups.messages.final,
        history=final.follow_ups.history.final,
        conversation_settings=final.follow_ups.settings.final,
        throttled=figures.throttled,
        elapsed_s=None if is_declined else report.elapsed_s(time.monotonic()),
        rate_achieved=figures.rate_achieved,
        output=config.outputs.shown if final.has_results or config.outputs.path == STDOUT else "",
        failed=str(config.commands.options.failed or "") if final.has_results else "",
        ledger=str(config.commands.ledger),
        notes=(*final.kept, *ended.notes),
        next_command=ended.next_command,
        error=ErrorInfo.from_error(final.error) if final.error else None,
        details=_details(run_plan, report, final),
    )


def _declined(config: AccountConfig) -> _JobEnd:
    """Return the end of a run that the user, when asked, did not want: nothing went wrong."""
    end = RunOutcome(ExitCode.DONE, CommandOutcome.CHECKED)
    return _JobEnd(end, ("nothing was sent: the answer was no",), config.commands.resume)


def _ended(config: AccountConfig, run_plan: RunPlan, report: SendReport, final: _FinalState) -> _JobEnd:
    # Rows that might still be sent, or whose settings or messages might still be sent or looked for.
    left = run_plan.required_rows - report.figures.done + report.unlooked + final.follow_ups.pending
    at_stake = structs.replace(final.counts, pending=0) if config.is_timed else final.counts
    end = run_end(
        at_stake,
        left=left,
        error=final.error,
        signal_exit=final.signal_exit,
        is_limited=bool(config.commands.options.limit) or report.is_time_up,
        is_unsent=any(reason.status == Status.UNSENT for reason in report.figures.reasons),
        follow_ups=final.follow_ups,
    )
    if end.outcome is CommandOutcome.PLANNED:
        sentence, next_command = config.commands.planned_end(is_time_up=report.is_time_up)
    else:
        sentence, next_command = "", _next(config, end, at_stake.final, final)
    context = AdviceContext(left=left, planned_end=sentence)
    return _JobEnd(end, _advice(config, report, final, context), next_command)


def _advice(
    config: AccountConfig, report: SendReport, final: _FinalState, context: AdviceContext
) -> tuple[str, ...]:
    told = final.error.message if final.error else ""
    reasons = [each for each in report.figures.reasons if not final.error or each.sentence not in told]
    return advice(
        final.counts.final,
        structs.replace(
            context,
            figures=structs.replace(report.figures, reasons=reasons),
            has_failed=config.commands.options.failed is not None,
            unknown_rows=final.unknown_rows,
            reconcile=config.commands.reconcile,
            invalid=final.invalid,
            check=config.commands.check,
            follow_ups=final.follow_ups.final,
        ),
    )


def _next(config: AccountConfig, end: RunOutcome, counts: Counts, final: _FinalState) -> str:
    """Return the command that continues the job, empty when nothing is left to do."""
    if end.exit_code is ExitCode.STRICT:
        return config.commands.check
    if end.exit_code is ExitCode.USAGE:  # the same command would end the same way; the error says what to add
        return ""
    if end.is_resumable or counts.unsent or final.follow_ups.needs_command:
        return config.commands.resume
    if not counts.unknown:
        return ""
    return config.commands.resume if config.retry.looks_up_rows else config.commands.reconcile


def _details(run_plan: RunPlan, report: SendReport, final: _FinalState) -> dict[str, Any]:
    """Return further figures for ``--json``; bytes are counted in request and response bodies only."""
    held = {} if (held_s := report.figures.held_s) is None else {"held_s": round(held_s, 3)}
    accounts = {"accounts": to_builtins(final.accounts)} if final.accounts else {}
    outage = {"unreachable_s": round(report.unreachable_s, 3)} if report.unreachable_s else {}
    return {
        "to_send": run_plan.required_rows,
        "most_in_flight": report.figures.most_in_flight,
        "bytes_sent": report.bytes_sent,
        "bytes_received": report.bytes_received,
        **final.skipped,
        **outage,
        **held,
        **accounts,
    }
