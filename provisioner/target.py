"""The Twilio that is called: the real one, another base URL, or a simulator inside this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.http_client.transport import Transport
from provisioner.models.forecast import TWILIO_LIMIT
from provisioner.options import ConnectionOptions, Rate
from provisioner.twilio.account.credentials import SIMULATED, Account, resolve_account
from provisioner.twilio.account.hosts import find_hosts, is_loopback_url, region_warning
from provisioner.twilio.client import open_transport

SIMULATED_ADDRESS = "IG" + 32 * "0"
"""The address that ``--simulate`` uses where none is named."""


@dataclass(frozen=True)
class Target:
    """Who is called, for whom. ``is_local`` says that nothing leaves this machine."""

    account: Account
    options: ConnectionOptions
    is_local: bool
    is_simulated: bool = False

    @classmethod
    def choose(
        cls,
        options: ConnectionOptions,
        environ: Mapping[str, str],
        home: Path | None,
        *,
        is_simulated: bool = False,
    ) -> "Target":
        """Find the account and check the address; raise ``UsageError`` for what cannot be used."""
        if is_simulated and (options.base_url or options.profile or options.proxy):
            raise UsageError(
                "--simulate calls no Twilio, so --base-url, --profile and --proxy mean nothing with it",
                cure="omit one of them",
            )
        if is_simulated:
            return cls(SIMULATED, options, is_local=True, is_simulated=True)
        account = resolve_account(environ, profile=options.profile, home=home)
        find_hosts(region=account.region, edge=account.edge, base_url=options.base_url, proxy=options.proxy)
        return cls(account, options, is_local=bool(options.base_url) and is_loopback_url(options.base_url))

    @property
    def default_address(self) -> str:
        """The address for rows that name none, where there is such a thing."""
        return SIMULATED_ADDRESS if self.is_simulated else ""

    def settings(self) -> dict[str, str]:
        """Describe what of a target belongs to a job: a ledger of another account or place is another job's."""
        return {"account": self.account.account_sid, "target": "this machine" if self.is_local else "Twilio"}

    def flags(self) -> list[str]:
        """Return the flags by which another command reaches the same place; a proxy's may hold a password."""
        given = {"--base-url": self.options.base_url, "--profile": self.options.profile}
        return [word for flag, value in given.items() if value for word in (flag, value)]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about the target before it is called."""
        warning = region_warning(self.account.region)
        return (warning,) if warning else ()

    @asynccontextmanager
    async def open(self, rate: Rate) -> AsyncIterator[Transport]:
        """Open the connections, and the simulator first where one is asked for.

        The simulator keeps Twilio's limit, unless a faster pace was asked for on purpose.
        """
        async with AsyncExitStack() as stack:
            base_url = self.options.base_url
            if self.is_simulated:
                from provisioner.simulator import SimulatorSettings, open_simulator  # noqa: PLC0415 - for rehearsals

                limit = TWILIO_LIMIT if rate.per_second <= TWILIO_LIMIT else 0.0
                simulator = await stack.enter_async_context(open_simulator(SimulatorSettings(rate_limit=limit)))
                base_url = simulator.base_url
            yield await stack.enter_async_context(
                open_transport(
                    self.account,
                    version=__version__,
                    base_url=base_url,
                    timeout_s=self.options.timeout,
                    proxy=self.options.proxy,
                )
            )
