"""The loops of one worker of a shared run: one in each account, or one in a job for one account."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import structs
from structlog.contextvars import bound_contextvars

from provisioner.errors import ProvisionerError
from provisioner.ledger import WorkerLedger, open_shared_rates
from provisioner.ledger.sharing import WorkerFigures
from provisioner.models import Counts
from provisioner.monitor.accounts_monitor import AccountsMonitor
from provisioner.monitor.shared_figures import FiguresSource
from provisioner.rows import IdentityPolicy
from provisioner.runs.open_job import OpenJob
from provisioner.runs.open_sending import SendConfig, StartingPoint, open_sending
from provisioner.runs.sending_context import SendingContext
from provisioner.sending import Stop

from .run_ends import end_of_accounts
from .worker_loop import PULSE_S, WorkerEnd, WorkerLoop, worker_figures

TELL_S = 1.0
"""Seconds between two sums of the figures of many accounts: to add them up takes some milliseconds."""


class AccountLoops:
    """Loops of one worker by the SID of their account; an empty SID in a job for one account.

    ``before`` are the counts of all rows when the worker joined. ``monitor`` is that of all loops.
    """

    def __init__(self, ledger: WorkerLedger, loops: Mapping[str, WorkerLoop], before: Counts) -> None:
        self._ledger, self._loops = ledger, loops
        monitors = [each.context.monitor for each in loops.values()]
        to_send = before.pending + before.unsent
        self._sum = AccountsMonitor(before, to_send=to_send, monitors=monitors)
        self.monitor: FiguresSource = monitors[0] if "" in loops else self._sum
        self._told = WorkerFigures()
        self._error: ProvisionerError | None = None

    @property
    def unreachable_s(self) -> float:
        """How long Twilio could not be reached, in seconds; of many accounts, the longest time."""
        return max((each.unreachable_s for each in self._loops.values()), default=0.0)

    def figures(self) -> WorkerFigures:
        """Return the figures of this worker; over many accounts, they are up to ``TELL_S`` old while it works."""
        return self._loops[""].figures() if "" in self._loops else self._told

    def _added(self) -> WorkerFigures:
        """Return the figures of this worker so far, over all accounts."""
        failed_in = {sid: each.failed for sid, each in self._loops.items()}
        return worker_figures(self._sum, self._loops.values(), failed_in)

    @property
    def only(self) -> SendingContext | None:
        """What this worker sends with in a job for one account; None in a job for many."""
        loop = self._loops.get("")
        return None if loop is None else loop.context

    def drain(self, reason: Stop | None = None) -> None:
        """Start nothing new in any account, and let requests in flight finish."""
        for each in self._loops.values():
            each.context.stop.drain(reason)

    def drain_within(self, limit_s: float) -> None:
        """Drain, and show that requests in flight have so many seconds."""
        for each in self._loops.values():
            each.context.monitor.drain(limit_s)
        self.drain()

    def cancel(self) -> None:
        """Cancel what is in flight in all accounts."""
        for each in self._loops.values():
            each.context.stop.cancel()

    async def run(self) -> WorkerEnd:
        """Work until the run ends in all accounts, or this worker is stopped; store the figures meanwhile.

        Raise ``ProvisionerError`` as ``WorkerLoop.run`` does; then the work in all accounts has ended.
        """
        telling = asyncio.create_task(self._tell())
        try:
            ends = await asyncio.gather(*(self._run_one(sid, each) for sid, each in self._loops.items()))
        finally:
            telling.cancel()
            self._tell_now()
        if self._error is not None:
            raise self._error
        return _joined(dict(zip(self._loops, ends, strict=True)))

    async def _run_one(self, sid: str, loop: WorkerLoop) -> WorkerEnd:
        """Work in one account; an error there is one of the input or of the ledger, and ends all."""
        end = WorkerEnd(None, None)
        with bound_contextvars(**({"account": sid} if sid else {})):
            try:
                end = await loop.run()
            except ProvisionerError as error:
                self._error = self._error or error
                self.drain()
                self.cancel()
        self._sum.end(loop.context.monitor)
        return end

    async def _tell(self) -> None:
        while True:
            self._tell_now()
            await asyncio.sleep(PULSE_S if "" in self._loops else TELL_S)

    def _tell_now(self) -> None:
        """Store the figures with the next beat."""
        if "" not in self._loops:
            self._told = self._added()
        self._ledger.set_figures(self.figures())


def _joined(ends: Mapping[str, WorkerEnd]) -> WorkerEnd:
    """Return how a worker ended from how it ended in each account: for itself, if it did so in any."""
    if "" in ends:
        return ends[""]
    alone = next((each for each in ends.values() if each.end is None), None)
    if alone is not None:
        return alone
    return WorkerEnd(end_of_accounts({sid: each.end for sid, each in ends.items() if each.end}), None)


@asynccontextmanager
async def open_account_loops(
    job: OpenJob,
    ledger: WorkerLedger,
    sendings: Mapping[str, SendConfig],
    identity_policy: IdentityPolicy,
    start: StartingPoint | None = None,
) -> AsyncIterator[AccountLoops]:
    """Open the connections of a worker in each account of its run, and yield its loops; close them at the end.

    ``sendings`` are the configurations by SID. ``start`` is that of the process that has planned the run, None for
    a worker that joins. Raise ``ProvisionerError`` when connections cannot be opened.
    """
    counts = start.counts if start else await ledger.counts()
    async with AsyncExitStack() as stack:
        loops: dict[str, WorkerLoop] = {}
        if not ledger.accounts:
            one = next(iter(sendings.values()))
            whole = start or StartingPoint(counts, counts.pending + counts.unsent)
            opening = open_sending(
                structs.replace(job, ledger=ledger), one, identity_policy, whole, permit=ledger.lease
            )
            loops[""] = WorkerLoop(ledger, await stack.enter_async_context(opening))
        else:
            rates = await stack.enter_async_context(open_shared_rates(job.ledger.location))
            found = await asyncio.to_thread(_account_counts, ledger)
            for sid in ledger.accounts:
                view, before = ledger.of_account(sid), found.get(sid, Counts())
                part = StartingPoint(before, before.pending + before.unsent)
                own = structs.replace(job, ledger=view)
                opening = open_sending(own, sendings[sid], identity_policy, part, permit=ledger.lease, rates=rates)
                loops[sid] = WorkerLoop(view, await stack.enter_async_context(opening))
        yield AccountLoops(ledger, loops, counts)


def _account_counts(ledger: WorkerLedger) -> Mapping[str, Counts]:
    with ledger.reader() as reader:
        return reader.account_counts()
