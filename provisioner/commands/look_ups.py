"""What looking up and auditing a job have in common: whom to ask, and what ends it early."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from provisioner.errors import GuardError, ProvisionerError
from provisioner.ledger import Ledger
from provisioner.models import Counts
from provisioner.models.progress import Progress
from provisioner.options import ReconcileOptions, parse_duration, parse_rate
from provisioner.options.shell_command import ledger_command
from provisioner.pacing import Reachability
from provisioner.ports.sending import ServiceCheck
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import AT_ONCE, FinderChoice, choose_finder
from provisioner.rows import IdentityPolicy
from provisioner.runs.service_checks import service_check_of
from provisioner.signals import StopSignals

from .job_access import AccountRows, JobAccess
from .side_by_side import side_by_side


class LookUps:
    """The look-ups of one command in one account, at a rate of its own.

    ``total`` is the number of its rows that are to be looked up. ``error`` is what ended the look-ups early, None
    for nothing. ``service_sid`` is the service that is asked, empty for the default one.
    """

    def __init__(self, rows: AccountRows, total: int, options: ReconcileOptions, ui: UserInterface) -> None:
        self.total = total
        self.account_sid, self.ledger, self._target = rows.account_sid, rows.ledger, rows.target
        self.rate, self.settle_delay_s = parse_rate(options.rate), options.settle_delay
        self.error: ProvisionerError | None = None
        self.service_sid = rows.target.service_sid
        self.service_check: ServiceCheck | None = None
        """Check of the service that is asked; None before ``finder``."""
        settings = rows.ledger.manifest.settings
        self._identity_policy = IdentityPolicy(
            rows.ledger.manifest.job_id, settings.get("identity", "auto"), settings.get("marker", "")
        )
        self._is_ended = False
        self._end_work: Callable[[], None] = _do_nothing
        self._reachability = Reachability(
            give_up_s=parse_duration(options.give_up, "--give-up"),
            concurrency=AT_ONCE,
            stop=self._give_up,
            tell=lambda line: ui.print_status(rows.named(line)),
        )

    @property
    def outage(self) -> str:
        """Why nobody is asked at the moment, empty while Twilio can be reached."""
        return self._reachability.pause

    @asynccontextmanager
    async def finder(self) -> AsyncIterator[FinderChoice]:
        """Connect to Twilio, and yield how rows are looked up there."""
        is_trusted = await self.ledger.trusts_identities()
        async with self._target.open(self.rate) as transport:
            self.service_check = service_check_of(self._target, transport, self.ledger, self._reachability)
            yield choose_finder(
                transport,
                self._identity_policy,
                rate=self.rate,
                trusts_identities=is_trusted,
                host=self._reachability.host_of(transport.url("conversations", "v1")),
                stops_at_refusal=True,
            )

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run ``work`` until it is done.

        ``end``, a Twilio that stays out of reach, and one that refuses the credentials end it early.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:

                def end() -> None:
                    if not patience.expired():
                        patience.reschedule(asyncio.get_running_loop().time())

                self._end_work = end
                if self._is_ended:
                    return
                try:
                    await work()
                except GuardError as refusal:
                    self.error = refusal
        self._end_work = _do_nothing

    def end(self) -> None:
        """End the work early, also before it has begun."""
        self._is_ended = True
        self._end_work()

    def refuse(self, error: ProvisionerError) -> None:
        """Take ``error`` as what keeps this account from being asked; raise it in a job for one account."""
        if not self.account_sid:
            raise error
        self.error = error

    def _give_up(self, error: ProvisionerError) -> None:
        self.error = error
        self._end_work()


class JobLookUps:
    """The look-ups of one command on an open ledger, in all accounts that have something to look up.

    ``accounts`` are the look-ups in each of them, empty before ``begin``. ``rate`` is that of each account.
    """

    def __init__(self, ledger: Ledger, access: JobAccess, options: ReconcileOptions, ui: UserInterface) -> None:
        self.ledger, self.rate = ledger, parse_rate(options.rate)
        self._access, self._options, self._ui = access, options, ui
        self.accounts: Sequence[LookUps] = ()

    @property
    def has_accounts(self) -> bool:
        """Whether the rows of the job were sent in several accounts."""
        return self._access.listed is not None

    @property
    def outage(self) -> str:
        """Why an account is not asked at the moment, empty while all of them can be reached."""
        return next((each.outage for each in self.accounts if each.outage), "")

    @property
    def reconcile(self) -> str:
        """The command that looks the job's unknown rows up, at the same place."""
        return ledger_command("reconcile", self.ledger.location, *self._access.flags)

    async def begin(self, number_of: Callable[[Counts], int], what: str) -> None:
        """Choose the accounts that have something to look up, a ``what``, by the counts of their rows.

        Raise ``UsageError`` for an account that cannot be called, before anything is asked.
        """
        counts = self._account_counts() if self.has_accounts else {"": await self.ledger.counts()}
        needs = {sid: number_of(each) for sid, each in counts.items()}
        self.accounts = [
            LookUps(each, needs[each.account_sid], self._options, self._ui)
            for each in self._access.rows(self.ledger, needs, what)
        ]

    async def run(
        self,
        work: Callable[[LookUps], Awaitable[None]],
        snapshot: Callable[[], Progress],
        stop_signals: StopSignals,
    ) -> None:
        """Do ``work`` in all accounts at the same time, and show the progress; a stop ends all of it early."""
        async with self._ui.progress(snapshot):
            stop_signals.on_stop(self._end)
            await side_by_side(work, self.accounts)
            stop_signals.clear()

    def _account_counts(self) -> Mapping[str, Counts]:
        with self.ledger.reader() as reader:
            return reader.account_counts()

    def _end(self) -> None:
        for each in self.accounts:
            each.end()


def _do_nothing() -> None:
    """End no work, because none is running."""
