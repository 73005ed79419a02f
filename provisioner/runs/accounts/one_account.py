"""The work of a run in one of its accounts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

from msgspec import structs
from structlog.contextvars import bound_contextvars

from provisioner.errors import ProvisionerError
from provisioner.ledger import SharedRates, follow_up_counts
from provisioner.models import Claimable
from provisioner.rows import IdentityPolicy
from provisioner.runs.open_job import OpenJob
from provisioner.runs.open_sending import OpenSending, SendConfig, StartingPoint, open_sending
from provisioner.runs.rounds import SendAndReconcile
from provisioner.runs.row_allowance import RowAllowance
from provisioner.runs.row_selection import RowSelection
from provisioner.sending import Stop, StopKind

_NOTHING = Claimable(0, 0)


class OneAccount:
    """Sending and looking up in one account, with its own connections, pace, canary and guards.

    ``rows`` of it are to be sent or owe what follows; ``allowance`` is that of the run. ``stop`` is the reason
    when it ended early, otherwise None.
    """

    def __init__(self, sid: str, opened: OpenSending, rows: int, allowance: RowAllowance) -> None:
        self.sid, self.opened, self._rows = sid, opened, rows
        self._rounds = SendAndReconcile(opened.context, allowance)
        self.stop: Stop | None = None

    @property
    def unlooked(self) -> int:
        """Number of unknown rows and unknown messages that were not looked up, because of a stop."""
        return self._rounds.unlooked

    async def run(self) -> None:
        """Send the rows and look unknown ones up; every event in the log names the account.

        Raise ``ProvisionerError`` when the input cannot be read or the ledger cannot be written.
        """
        with bound_contextvars(account=self.sid):
            self.stop = await self._rounds.run(self._rows)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing new is started in this account."""
        return self.opened.context.stop.is_stopped

    def drain(self, reason: Stop | None = None) -> None:
        """Start nothing new in this account, and let requests in flight finish."""
        self.opened.context.stop.drain(reason)

    def cancel(self) -> None:
        """Cancel what is in flight in this account."""
        self.opened.context.stop.cancel()

    @property
    def error(self) -> ProvisionerError | None:
        """The error that has stopped this account and no other, None without one."""
        stop = self.stop
        return None if stop is None or stop.kind is StopKind.INPUT else stop.error


async def open_accounts(
    job: OpenJob,
    sendings: Mapping[str, SendConfig],
    identity_policy: IdentityPolicy,
    stack: AsyncExitStack,
    rates: SharedRates | None,
) -> AsyncIterator[OneAccount]:
    """Open what sends in each account that has anything to do, and close it with ``stack``.

    ``sendings`` are the configurations by SID, ``rates`` those that the database of the ledger shares. Raise
    ``ProvisionerError`` when the connections of one cannot be opened.
    """
    claimable = await job.ledger.claimable_by_account()
    limit = next(iter(sendings.values())).rounds.limit
    allowance = RowAllowance.after(limit, sum(each.total for each in claimable.values()))
    for sid, config in sendings.items():
        view, share = job.ledger.of_account(sid), claimable.get(sid, _NOTHING)
        counts, follow_ups = await view.counts(), await follow_up_counts(view)
        if not (share.total or counts.unknown or follow_ups.messages.unknown):
            continue
        selection = RowSelection(retry=config.rounds.retry)
        await view.set_claimable(
            selection.statuses,
            messages=selection.message_statuses,
            settings=selection.settings_statuses,
            limit=share.total,
        )
        start = StartingPoint(counts, share.to_send, share.to_post)
        own = structs.replace(job, ledger=view)
        opened = open_sending(own, config, identity_policy, start, rates=rates)
        yield OneAccount(sid, await stack.enter_async_context(opened), share.total, allowance)
