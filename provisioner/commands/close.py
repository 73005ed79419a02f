"""The command ``close``: print what would be closed, ask, close it, and account for every conversation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.closing.close_workers import NOT_SHOWN
from provisioner.closing.scope import LedgerFile, ResultsFile
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.ledger import Ledger
from provisioner.models.closing import FINAL_STATUSES, CloseStatus
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.monitor.close_monitor import GUEST_WORDS, WORDS, CloseMonitor
from provisioner.options import CloseOptions
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.recorded_end import run_recorded
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger

from .account_ends import AccountEnd, error_of_accounts, left_notes
from .close_execution import DRAIN_S, CloseExecution, CloseOutcome
from .close_plan import (
    CloseJob,
    ClosePlan,
    conversations,
    loose_ends,
    plan_job,
    question_lines,
    question_of,
)
from .close_source import AnySource, choose_source, named_source
from .job_access import JobAccess, require_accounts_option

MOST_REASONS = 5
"""Most reasons for failed conversations in the notes."""


async def close_conversations(
    path: Path | None,
    options: CloseOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner close`` for the ledger or results file ``path``, or for what the options select.

    Raise ``ProvisionerError`` for an error before anything was closed; later errors are in the ``Summary``.
    """
    stop = stop or StopSignals()
    made = named_source(path, options)
    if made is not None:
        require_accounts_option(path, options, has_accounts=made.has_accounts)
    access = JobAccess.choose(options, environment)
    source = choose_source(made, options, access, ui.print_status)
    cleanup = Cleanup(source, options, access, ui=ui, command=environment.command)
    # A simulator reports every SID as gone, which must not be recorded; a dry run must not create a file.
    may_keep = isinstance(source, LedgerFile) or not options.simulate
    is_kept = may_keep and (options.yes or source.has_progress)
    async with source.open(access.settings, is_kept=is_kept) as ledger:
        job = await plan_job(ledger, source, options, access)
        if job.plan.is_empty or not cleanup.is_wanted(job):
            return cleanup.account_dry(job.plan)
        if is_kept == may_keep:
            return await cleanup.execute(job, stop)
    async with source.open(access.settings, is_kept=True) as ledger:
        return await cleanup.execute(await plan_job(ledger, source, options, access), stop)


@dataclass(frozen=True, slots=True)
class Standing:
    """Numbers of conversations and guests after a command: those that are left, and those in doubt."""

    left: int = 0
    in_doubt: int = 0
    guests_left: int = 0

    @classmethod
    async def read(cls, ledger: Ledger, options: CloseOptions) -> "Standing":
        """Return the numbers of the rows of ``ledger``; guests count only when they were to be deleted."""
        done, closing = FINAL_STATUSES["delete" if options.delete else "close"], ledger.closing(deletes=False)
        counts = await closing.counts()
        guests = await closing.guests.counts() if options.delete_users else {}
        settled = FINAL_STATUSES["delete_user"] | {CloseStatus.KEPT}
        return cls(
            left=sum(number for each, number in counts.items() if each not in done),
            in_doubt=counts.get(CloseStatus.MAYBE, 0) + guests.get(CloseStatus.MAYBE, 0),
            guests_left=sum(number for each, number in guests.items() if each not in settled),
        )


class Cleanup:
    """One execution of ``close`` after its plan: confirm, execute, account."""

    def __init__(
        self, source: AnySource, options: CloseOptions, access: JobAccess, *, ui: UserInterface, command: str
    ) -> None:
        self._source, self._options, self._access = source, options, access
        self._ui, self._command = ui, command
        self._verb = "delete" if options.delete else "close"
        self._log = event_logger()

    def is_wanted(self, job: CloseJob) -> bool:
        """Print the plan and return whether to execute it.

        With ``--yes`` nobody is asked; without it the user is asked, and no terminal means no.
        """
        tell = self._ui.print_status if self._options.yes else self._ui.print
        for line in question_lines(job, self._source, self._options, self._access):
            tell(line)
        return self._options.yes or bool(self._ui.confirm(question_of(job.plan, self._options)))

    def account_dry(self, plan: ClosePlan) -> Summary:
        """Return the summary of a command that closed nothing: there was nothing to close, or nobody agreed."""
        is_dry = not plan.is_empty
        note = f"this was a dry run: nothing was {self._verb}d; --yes does it" if is_dry else ""
        return Summary(
            command="close",
            exit_code=ExitCode.DONE if is_dry else _code_of(plan, Standing()),
            outcome=CommandOutcome.CHECKED if is_dry else CommandOutcome.FINISHED,
            ledger=str(self._source.location) if self._source.has_progress else "",
            notes=tuple(filter(None, (*loose_ends(plan, self._source, self._access), note))),
            next_command=f"{self._command} --yes" if is_dry else "",
            details={
                **_details(plan, {}, left=plan.to_close),
                **({"guests": _guest_details(plan, {})} if self._options.delete_users else {}),
                "dry_run": is_dry,
                "first": plan.first if is_dry else (),
            },
        )

    async def execute(self, job: CloseJob, stop: StopSignals) -> Summary:
        """Close the conversations that are left, and return the summary."""
        plan = job.plan
        with stop.active(drain_s=DRAIN_S):
            async with run_recorded(job.ledger, "close"):
                self._log.info(
                    "close.started", conversations=plan.to_close, guests=plan.guests, rate=self._options.rate
                )
                outcome = await CloseExecution(self._options, plan, ui=self._ui).run(job.accounts, stop)
                standings = [await Standing.read(each.rows.ledger, self._options) for each in job.accounts]
                summary = self._account(job, standings, outcome, signal_exit=stop.exit_code)
                self._log.info("close.finished", exit_code=int(summary.exit_code), outcome=summary.outcome.value)
                await job.ledger.finish_run(summary.exit_code)
        return summary

    def _account(
        self,
        job: CloseJob,
        standings: Sequence[Standing],
        done: CloseOutcome,
        *,
        signal_exit: ExitCode | None,
    ) -> Summary:
        plan, standing = job.plan, _total(standings)
        left = standing.left + standing.guests_left
        ends = [
            AccountEnd(each.rows.account_sid, its.left + its.guests_left, each.error)
            for each, its in zip(done.accounts, standings, strict=True)
        ]
        error = error_of_accounts(ends)
        code, outcome = _ending(_code_of(plan, standing), error, signal_exit if left else None)
        monitors = [each for each in (done.conversations, done.guests) if each is not None]
        return Summary(
            command="close",
            exit_code=code,
            outcome=outcome,
            throttled=sum(each.throttled for each in monitors),
            elapsed_s=done.conversations.elapsed_s,
            rate_achieved=done.conversations.rate_achieved,
            ledger=str(self._source.location) if self._source.has_progress else "",
            notes=(
                *self._reasons(done),
                *left_notes(ends),
                *self._other_account(done.conversations),
                *loose_ends(plan, self._source, self._access),
            ),
            next_command=self._command if left else "",
            error=ErrorInfo.from_error(error) if error else None,
            details={
                **_details(plan, done.conversations.ends, left=standing.left),
                **({"guests": _guest_details(plan, done.guests.ends)} if done.guests else {}),
                **({"interactions_closed": done.interactions} if done.interactions else {}),
                **({"accounts": [*_accounts(job, done, standings)]} if self._access.listed else {}),
            },
        )

    def _reasons(self, done: CloseOutcome) -> Iterator[str]:
        if done.interactions:
            yield f"{pluralize('interaction', done.interactions)} closed first, with the tasks of Flex"
        for (code, sentence), number in done.conversations.reasons.most_common(MOST_REASONS):
            yield f"{conversations(number)} not {self._verb}d: {code}, {sentence}"
        for (code, sentence), number in done.guests.reasons.most_common(MOST_REASONS) if done.guests else ():
            yield f"{pluralize('guest', number)} not deleted: {code}, {sentence}"

    def _other_account(self, monitor: CloseMonitor) -> Iterator[str]:
        """Yield a note when Twilio has none of the SIDs of a results file: the account may be the wrong one."""
        if isinstance(self._source, ResultsFile) and any(code == NOT_SHOWN for code, _ in monitor.reasons):
            only = self._access.only
            named = f"account {only.account.account_sid}" if only else "their account"
            yield f"if {named} did not make them, remove {self._source.location} and use the account that did"


def _ending(
    code: ExitCode, error: ProvisionerError | None, signal_exit: ExitCode | None
) -> tuple[ExitCode, CommandOutcome]:
    """Return exit code and outcome; ``code`` is that of a command that ran to its end."""
    if error is not None:
        is_doubt_worse = error.exit_code is ExitCode.UNSENT and code is ExitCode.UNKNOWN
        return code if is_doubt_worse else error.exit_code, CommandOutcome.of_error(error)
    if signal_exit is not None:
        return signal_exit, CommandOutcome.STOPPED
    return code, CommandOutcome.FINISHED


def _code_of(plan: ClosePlan, standing: Standing) -> ExitCode:
    """Return 5 when a close or a row is unknown, 4 when a conversation or a guest is left, else 0."""
    if standing.in_doubt or plan.unknowns.total:
        return ExitCode.UNKNOWN
    return ExitCode.REJECTED if standing.left or standing.guests_left else ExitCode.DONE


def _details(plan: ClosePlan, ends: Mapping[CloseStatus, int], *, left: int) -> dict[str, object]:
    """Return the details of the summary; ``done_before``, the ends and ``left`` add up to all conversations."""
    return {
        "dry_run": False,
        "to_close": plan.to_close,
        "first": (),
        "done_before": plan.done,
        **_told(WORDS, ends),
        "left": left,
        "unknown_rows": plan.unknowns.total,
        "orphans": plan.orphans,
        "duplicates": plan.duplicates,
    }


def _total(standings: Sequence[Standing]) -> Standing:
    return Standing(
        left=sum(each.left for each in standings),
        in_doubt=sum(each.in_doubt for each in standings),
        guests_left=sum(each.guests_left for each in standings),
    )


def _accounts(job: CloseJob, done: CloseOutcome, standings: Sequence[Standing]) -> Iterator[dict[str, object]]:
    """Yield what became of the conversations, and of guests that were to be deleted, in each account."""
    for planned, ended, standing in zip(job.accounts, done.accounts, standings, strict=True):
        plan = planned.plan
        yield {
            "account_sid": ended.rows.account_sid,
            "to_close": plan.to_close,
            "done_before": plan.done,
            **_told(WORDS, ended.conversations),
            "left": standing.left,
            **({"guests": _guest_details(plan, ended.guests)} if done.guests else {}),
            "error": ended.error.message if ended.error else None,
        }


def _guest_details(plan: ClosePlan, ends: Mapping[CloseStatus, int]) -> dict[str, int]:
    """Return the numbers of guests by their ends, of those that were not deleted before."""
    return {"to_delete": plan.guests, **_told(GUEST_WORDS, ends)}


def _told(words: Mapping[CloseStatus, str], ends: Mapping[CloseStatus, int]) -> dict[str, int]:
    return {word.replace(" ", "_"): ends.get(status, 0) for status, word in words.items()}
