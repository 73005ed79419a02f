"""The command ``close``: print what would be closed, ask, close it, and account for every conversation."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from provisioner.closing.close_workers import NOT_SHOWN, CloseWorkers
from provisioner.closing.scope import CloseJob, CloseSource, ResultsFile, close_source_of
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models.closing import FINAL_STATUSES, CloseStatus
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.monitor.close_monitor import WORDS, CloseMonitor
from provisioner.options import CloseOptions, Rate, parse_duration, parse_rate
from provisioner.pacing import Pacer, Reachability
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.recorded_end import run_recorded
from provisioner.runs.service_checks import service_check_of
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger
from provisioner.target import Target
from provisioner.twilio.closing import ClosingClient

from .close_plan import ClosePlan, conversations, for_good, loose_ends, plan_closing, question_lines

DRAIN_S = 30.0
"""Seconds that requests in flight may take after a stop signal."""
MOST_REASONS = 5
"""Most reasons for failed conversations in the notes."""


async def close_conversations(
    path: Path,
    options: CloseOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner close`` for the ledger or results file ``path``.

    Raise ``ProvisionerError`` for an error before anything was closed; later errors are in the ``Summary``.
    """
    rate, stop = parse_rate(options.rate), stop or StopSignals()
    target = Target.choose(options, environment.environ, environment.home, is_simulated=options.simulate)
    source = close_source_of(path)
    cleanup = Cleanup(source, options, target, rate, ui=ui, command=environment.command)
    # A simulator reports every SID as gone, which must not be recorded; a dry run must not create a file.
    may_keep = not (options.simulate and isinstance(source, ResultsFile))
    is_kept = may_keep and (options.yes or source.has_progress)
    async with source.open(target, deletes=options.delete, is_kept=is_kept) as job:
        plan = await plan_closing(job, source, deletes=options.delete)
        if not plan.to_close or not cleanup.is_wanted(plan):
            return cleanup.account_dry(plan)
        if is_kept == may_keep:
            return await cleanup.execute(job, plan, stop)
    async with source.open(target, deletes=options.delete, is_kept=True) as job:
        return await cleanup.execute(job, plan, stop)


class Cleanup:
    """One execution of ``close`` after its plan: confirm, execute, account."""

    def __init__(
        self,
        source: CloseSource,
        options: CloseOptions,
        target: Target,
        rate: Rate,
        *,
        ui: UserInterface,
        command: str,
    ) -> None:
        self._source, self._options, self._target, self._rate = source, options, target, rate
        self._ui, self._command = ui, command
        self._verb = "delete" if options.delete else "close"
        self._log = event_logger()

    def is_wanted(self, plan: ClosePlan) -> bool:
        """Print the plan and return whether to execute it.

        With ``--yes`` nobody is asked; without it the user is asked, and no terminal means no.
        """
        tell = self._ui.print_status if self._options.yes else self._ui.print
        deletes = self._options.delete
        for line in question_lines(plan, self._target, self._rate, self._options.rate, deletes=deletes):
            tell(line)
        question = f"{self._verb.capitalize()} {conversations(plan.to_close)}{for_good(deletes)}?"
        return self._options.yes or bool(self._ui.confirm(question))

    def account_dry(self, plan: ClosePlan) -> Summary:
        """Return the summary of a command that closed nothing: there was nothing to close, or nobody agreed."""
        note = f"this was a dry run: nothing was {self._verb}d; --yes does it" if plan.to_close else ""
        return Summary(
            command="close",
            exit_code=ExitCode.DONE if plan.to_close else _code_of(plan, left=0, in_doubt=0),
            outcome=CommandOutcome.CHECKED if plan.to_close else CommandOutcome.FINISHED,
            ledger=str(self._source.location) if self._source.has_progress else "",
            notes=tuple(filter(None, (*loose_ends(plan, self._source, self._target), note))),
            next_command=f"{self._command} --yes" if plan.to_close else "",
            details=_details(plan, {}, left=plan.to_close, is_dry=bool(plan.to_close), first=plan.first),
        )

    async def execute(self, job: CloseJob, plan: ClosePlan, stop: StopSignals) -> Summary:
        """Close the conversations that are left, and return the summary."""
        with stop.active(drain_s=DRAIN_S):
            async with run_recorded(job.ledger, "close"):
                self._log.info("close.started", conversations=plan.to_close, rate=self._options.rate)
                monitor, error = await self._close_all(job, plan.to_close, stop)
                counts = await job.close_ledger.counts()
                summary = self._account(plan, counts, monitor, error=error, signal_exit=stop.exit_code)
                self._log.info("close.finished", exit_code=int(summary.exit_code), outcome=summary.outcome.value)
                await job.ledger.finish_run(summary.exit_code)
        return summary

    async def _close_all(
        self, job: CloseJob, to_close: int, stop: StopSignals
    ) -> tuple[CloseMonitor, ProvisionerError | None]:
        """Close them and return the monitor and what stopped it early, None for nothing."""

        def drain(error: ProvisionerError | None = None) -> None:
            monitor.drain()
            workers.drain(error)
            if error is None:
                self._ui.print_status("stopping: nothing new is sent; a second signal stops at once")

        reachability = Reachability(
            give_up_s=parse_duration(self._options.give_up, "--give-up"),
            concurrency=self._options.concurrency,
            stop=drain,
            tell=self._ui.print_status,
        )
        async with self._target.open(self._rate) as transport:
            client = ClosingClient(transport)
            pacer = Pacer(self._rate, host=reachability.host_of(transport.url("conversations", "v1")))
            monitor = CloseMonitor(to_close, speed_limit=pacer, outage=lambda: reachability.pause)
            workers = CloseWorkers(
                store=job.close_ledger,
                close_call=client.delete if self._options.delete else client.close,
                pace=pacer,
                observer=monitor,
                concurrency=self._options.concurrency,
                service_check=service_check_of(self._target, transport, job.ledger, reachability),
            )
            stop.on_stop(drain, workers.cancel)
            async with self._ui.progress(monitor.snapshot):
                try:
                    return monitor, await workers.run()
                except ProvisionerError as error:
                    return monitor, error
                finally:
                    stop.clear()

    def _account(
        self,
        plan: ClosePlan,
        counts: Mapping[CloseStatus | None, int],
        monitor: CloseMonitor,
        *,
        error: ProvisionerError | None,
        signal_exit: ExitCode | None,
    ) -> Summary:
        left = sum(number for each, number in counts.items() if each not in FINAL_STATUSES[self._verb])
        code = _code_of(plan, left=left, in_doubt=counts.get(CloseStatus.MAYBE, 0))
        outcome = CommandOutcome.FINISHED
        if error is not None:
            is_doubt_worse = error.exit_code is ExitCode.UNSENT and code is ExitCode.UNKNOWN
            code, outcome = code if is_doubt_worse else error.exit_code, CommandOutcome.of_error(error)
        elif left and signal_exit is not None:
            code, outcome = signal_exit, CommandOutcome.STOPPED
        return Summary(
            command="close",
            exit_code=code,
            outcome=outcome,
            throttled=monitor.throttled,
            elapsed_s=monitor.elapsed_s,
            rate_achieved=monitor.rate_achieved,
            ledger=str(self._source.location) if self._source.has_progress else "",
            notes=(
                *self._reasons(monitor),
                *self._other_account(monitor),
                *loose_ends(plan, self._source, self._target),
            ),
            next_command=self._command if left else "",
            error=ErrorInfo.from_error(error) if error else None,
            details=_details(plan, monitor.ends, left=left, is_dry=False),
        )

    def _reasons(self, monitor: CloseMonitor) -> Iterator[str]:
        for (code, sentence), number in monitor.reasons.most_common(MOST_REASONS):
            yield f"{conversations(number)} not {self._verb}d: {code}, {sentence}"

    def _other_account(self, monitor: CloseMonitor) -> Iterator[str]:
        """Yield a note when Twilio has none of the SIDs of a results file: the account may be the wrong one."""
        if isinstance(self._source, ResultsFile) and any(code == NOT_SHOWN for code, _ in monitor.reasons):
            made = f"if account {self._target.account.account_sid} did not make them"
            yield f"{made}, remove {self._source.location} and use the account that did"


def _code_of(plan: ClosePlan, *, left: int, in_doubt: int) -> ExitCode:
    """Return 5 when a close or a row is unknown, 4 when a conversation is left open, else 0."""
    if in_doubt or plan.unknowns.total:
        return ExitCode.UNKNOWN
    return ExitCode.REJECTED if left else ExitCode.DONE


def _details(
    plan: ClosePlan, ends: Mapping[CloseStatus, int], *, left: int, is_dry: bool, first: tuple[str, ...] = ()
) -> dict[str, object]:
    """Return the details of the summary; ``done_before``, the ends and ``left`` add up to all conversations."""
    told = {word.replace(" ", "_"): ends.get(status, 0) for status, word in WORDS.items()}
    return {
        "dry_run": is_dry,
        "to_close": plan.to_close,
        "first": first,
        "done_before": plan.done,
        **told,
        "left": left,
        "unknown_rows": plan.unknowns.total,
        "orphans": plan.orphans,
        "duplicates": plan.duplicates,
    }
