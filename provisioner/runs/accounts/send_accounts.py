"""Second step of a run for many accounts: it sends in all of them at the same time."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import structs

from provisioner.errors import ProvisionerError
from provisioner.ledger import open_shared_rates
from provisioner.models import Counts
from provisioner.monitor.accounts_monitor import AccountsMonitor
from provisioner.rows import IdentityPolicy
from provisioner.runs.open_job import OpenJob
from provisioner.runs.open_sending import SendConfig
from provisioner.runs.plan_step import RunPlan
from provisioner.runs.run_watch import WatchedRun
from provisioner.runs.send_step import SendReport, log_start
from provisioner.runs.supervisor import RunSupervisor
from provisioner.runs.work_stop import draining_note
from provisioner.sending import Stop, StopKind
from provisioner.signals import StopSignals

from .account_ends import joined_error
from .one_account import OneAccount, open_accounts


async def send_accounts(
    job: OpenJob,
    sendings: Mapping[str, SendConfig],
    identity_policy: IdentityPolicy,
    supervisor: RunSupervisor,
    run_plan: RunPlan,
) -> SendReport:
    """Send the rows of the plan, those of all accounts at the same time, and return the result.

    ``sendings`` are the configurations of the accounts by SID. An account that is refused or out of reach, or that
    a guard stops, does not stop the others; its error is part of the result. Raise ``ProvisionerError`` when
    connections cannot be opened.
    """
    planned = run_plan.forecast
    if not run_plan.consent.is_given or not planned.has_work:
        return SendReport(error=run_plan.consent.error)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(at_one_place(sendings))
        rates = await stack.enter_async_context(open_shared_rates(job.ledger.location))
        accounts = [each async for each in open_accounts(job, started, identity_policy, stack, rates)]
        run = _AccountsRun(accounts, planned.counts, planned.to_send)
        drain_s = next(iter(sendings.values())).drain_s
        job.stop.on_stop(lambda: run.drain_on_signal(job, drain_s), run.cancel)
        log_start(planned.to_send, rates_of(sendings))
        await stack.enter_async_context(supervisor.open(run.watched(job.stop), job.ui, run.drain))
        async with job.ui.progress(run.monitor.snapshot):
            await run.run()
    return run.report(began)


@asynccontextmanager
async def at_one_place(sendings: Mapping[str, SendConfig]) -> AsyncIterator[Mapping[str, SendConfig]]:
    """Start the simulator if it is the target of the accounts; all of them send to the same one."""
    fastest = max((each.schedule.peak_rate for each in sendings.values()), key=lambda rate: rate.per_second)
    async with next(iter(sendings.values())).target.started(fastest) as started:
        yield {
            sid: structs.replace(each, target=structs.replace(each.target, simulator=started.simulator))
            for sid, each in sendings.items()
        }


def rates_of(sendings: Mapping[str, SendConfig]) -> str:
    """Return the different rates of accounts, for the log."""
    return ", ".join(sorted({each.rate for each in sendings.values()}))


class _AccountsRun:
    """The work in all accounts of a run that have anything to do."""

    def __init__(self, accounts: Sequence[OneAccount], before: Counts, to_send: int) -> None:
        self._accounts = accounts
        monitors = [each.opened.context.monitor for each in accounts]
        self.monitor = AccountsMonitor(before, to_send=to_send, monitors=monitors)
        self._error: ProvisionerError | None = None

    async def run(self) -> None:
        """Send until no account has anything left to do, or all were stopped."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._accounts:
                tasks.create_task(self._run_one(each))

    async def _run_one(self, account: OneAccount) -> None:
        """Send in one account; what stops it and is not its own stops all."""
        try:
            await account.run()
        except ProvisionerError as error:  # of the input or the ledger, which all share
            self._fail(error)
        else:
            stop = account.stop
            if stop is not None and stop.kind is StopKind.INPUT and stop.error is not None:
                self._fail(stop.error)
        self.monitor.end(account.opened.context.monitor)

    def _fail(self, error: ProvisionerError) -> None:
        self._error = self._error or error
        self.drain(Stop(StopKind.INPUT, error))

    def watched(self, stop: StopSignals) -> WatchedRun:
        """Return what can be watched of the run; no request of a single account is."""
        return WatchedRun(
            progress=self.monitor.snapshot,
            figures=self.monitor.figures,
            stop=stop,
            is_stopping=lambda: all(each.is_stopped for each in self._accounts),
        )

    def drain(self, reason: Stop | None = None) -> None:
        """Start nothing new in any account, and let requests in flight finish."""
        for each in self._accounts:
            each.drain(reason)

    def drain_on_signal(self, job: OpenJob, drain_s: float) -> None:
        """Drain after a signal, and say so."""
        for each in self._accounts:
            each.opened.context.monitor.drain(drain_s)
        self.drain()
        job.ui.print_status(draining_note("nothing new is sent", drain_s))

    def cancel(self) -> None:
        """Cancel what is in flight in all accounts."""
        for each in self._accounts:
            each.cancel()

    def report(self, began: float) -> SendReport:
        """Return the result; ``began`` is the start of sending, in seconds of ``time.monotonic``."""
        errors = {each.sid: each.error for each in self._accounts if each.error is not None}
        stops = [each.stop.kind for each in self._accounts if each.stop is not None]
        traffic = [each.opened.transport.traffic for each in self._accounts]
        return SendReport(
            error=self._error or joined_error(errors, len(self._accounts)),
            is_time_up=StopKind.TIME_UP in stops,
            figures=self.monitor.figures(),
            began=began,
            unlooked=sum(each.unlooked for each in self._accounts),
            bytes_sent=sum(each.sent for each in traffic),
            bytes_received=sum(each.received for each in traffic),
            unreachable_s=max((each.opened.reachability.out_s for each in self._accounts), default=0.0),
            account_errors={sid: error.message for sid, error in errors.items()},
        )
