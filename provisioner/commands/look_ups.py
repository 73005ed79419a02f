"""What looking up and auditing a job have in common: whom to ask, and what ends it early."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from provisioner.errors import GuardError, ProvisionerError
from provisioner.ledger import Ledger
from provisioner.models.progress import Progress
from provisioner.options import Rate, ReconcileOptions, parse_duration
from provisioner.options.shell_command import ledger_command
from provisioner.pacing import Reachability
from provisioner.ports.sending import ServiceCheck
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import AT_ONCE, FinderChoice, choose_finder
from provisioner.rows import IdentityPolicy
from provisioner.runs.service_checks import service_check_of
from provisioner.signals import StopSignals
from provisioner.target import Target


class LookUps:
    """The look-ups of one command on an open ledger. ``error`` is what ended them early, None for nothing.

    ``rate`` is the pace at which Twilio is asked, ``service_sid`` the service, empty for the default one.
    """

    def __init__(
        self, ledger: Ledger, options: ReconcileOptions, target: Target, rate: Rate, ui: UserInterface
    ) -> None:
        self.ledger, self.rate, self.settle_delay_s = ledger, rate, options.settle_delay
        self.error: ProvisionerError | None = None
        self.service_sid = target.service_sid
        self.service_check: ServiceCheck | None = None
        """Check of the service that is asked; None before ``finder``."""
        self._target, self._ui = target, ui
        settings = ledger.manifest.settings
        self._identity_policy = IdentityPolicy(
            ledger.manifest.job_id, settings.get("identity", "auto"), settings.get("marker", "")
        )
        self._end_work: Callable[[], None] = _do_nothing
        self._reachability = Reachability(
            give_up_s=parse_duration(options.give_up, "--give-up"),
            concurrency=AT_ONCE,
            stop=self._give_up,
            tell=ui.print_status,
        )

    @property
    def outage(self) -> str:
        """Why nobody is asked at the moment, empty while Twilio can be reached."""
        return self._reachability.pause

    @property
    def reconcile(self) -> str:
        """The command that looks the job's unknown rows up, at the same place."""
        return ledger_command("reconcile", self.ledger.location, *self._target.flags())

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

    async def run(
        self, work: Callable[[], Awaitable[None]], snapshot: Callable[[], Progress], stop_signals: StopSignals
    ) -> None:
        """Run ``work`` until it is done, and show its progress.

        A stop, a Twilio that stays out of reach, and one that refuses the credentials end it early.
        """
        async with self._ui.progress(snapshot):
            await self._until_stopped(work, stop_signals)

    async def _until_stopped(self, work: Callable[[], Awaitable[None]], stop_signals: StopSignals) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:

                def end() -> None:
                    if not patience.expired():
                        patience.reschedule(asyncio.get_running_loop().time())

                self._end_work = end
                stop_signals.on_stop(end)
                try:
                    await work()
                except GuardError as refusal:
                    self.error = refusal
        self._end_work = _do_nothing
        stop_signals.clear()

    def _give_up(self, error: ProvisionerError) -> None:
        self.error = error
        self._end_work()


def _do_nothing() -> None:
    """End no work, because none is running."""
