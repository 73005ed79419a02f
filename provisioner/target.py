"""Target of all requests: Twilio, another base URL, or a simulator inside this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import structs

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.http_client.transport import Transport
from provisioner.models.accounts import BY_ROW, JobAccounts
from provisioner.models.forecast import TWILIO_LIMIT
from provisioner.models.sids import SidKind
from provisioner.models.text import pluralize
from provisioner.options import ConnectionOptions, Rate
from provisioner.ports.sending import SendPermit
from provisioner.system.printable import shortened_path
from provisioner.twilio.account.credentials import (
    SIMULATED,
    Account,
    resolve_account,
    resolve_listed_account,
)
from provisioner.twilio.account.hosts import find_hosts, is_loopback_url, other_host_of, region_warning
from provisioner.twilio.client import open_transport

SIMULATED_ADDRESS = "IG" + 32 * "0"
"""SID of the Conversations Address that ``--simulate`` uses if the user names none."""


class Target(msgspec.Struct, frozen=True):
    """Account and connection options of all requests.

    ``is_local``: all requests stay on this machine. ``is_simulated``: ``open`` starts a simulator, unless
    ``simulator`` is the URL of one that runs.
    """

    account: Account
    options: ConnectionOptions
    is_local: bool
    is_simulated: bool = False
    simulator: str = ""

    @classmethod
    def choose(
        cls,
        options: ConnectionOptions,
        environ: Mapping[str, str],
        home: Path | None,
        *,
        is_simulated: bool = False,
    ) -> "Target":
        """Return the target for these options, with the account from ``environ`` or a twilio-cli profile.

        ``home`` is the user's home folder, None if there is none. Raise ``UsageError`` when there are no
        credentials, when they are malformed, or when the base URL, region, edge or proxy cannot be used.
        """
        if is_simulated and (options.base_url or options.profile or options.proxy):
            raise UsageError(_IN_VAIN, cure="omit one of them")
        _require_service(options.service_sid)
        if is_simulated:
            return cls(SIMULATED, options, is_local=True, is_simulated=True)
        return cls.of_account(resolve_account(environ, profile=options.profile, home=home), options)

    @classmethod
    def of_account(cls, account: Account, options: ConnectionOptions) -> "Target":
        """Return the target for an account; raise ``UsageError`` when its hosts or the proxy cannot be used."""
        find_hosts(region=account.region, edge=account.edge, base_url=options.base_url, proxy=options.proxy)
        return cls(account, options, is_local=bool(options.base_url) and is_loopback_url(options.base_url))

    @property
    def default_address(self) -> str:
        """Address SID for rows without one: that of the simulator, otherwise empty."""
        return SIMULATED_ADDRESS if self.is_simulated else ""

    @property
    def service_sid(self) -> str:
        """SID of the Conversations service, empty for the account's default one; a simulator has no other."""
        return "" if self.is_simulated else self.options.service_sid.strip()

    @property
    def other_host(self) -> str:
        """Host that ``--base-url`` names, if it is not one of Twilio's; otherwise empty."""
        return other_host_of(self.options.base_url) if self.options.base_url else ""

    @property
    def description(self) -> str:
        """Where the conversations are, in words: at Twilio, nowhere, or at the host of ``--base-url``."""
        if self.is_simulated:
            return "simulated: nothing of it is at Twilio"
        return f"at {self.other_host}, not at Twilio" if self.other_host else "real: conversations at Twilio"

    def settings(self) -> dict[str, str]:
        """Return the settings that identify a job: the account SID, and whether it is Twilio or this machine.

        A ledger with other settings belongs to another job.
        """
        return job_settings(self.account.account_sid, is_local=self.is_local)

    def flags(self) -> list[str]:
        """Return ``--base-url``, ``--profile`` and ``--service-sid`` with their values, for the same target.

        ``--proxy`` is omitted, because its URL may contain a password.
        """
        given = {
            "--base-url": self.options.base_url,
            "--profile": self.options.profile,
            "--service-sid": self.service_sid,
        }
        return [word for flag, value in given.items() if value for word in (flag, value)]

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about the target, shown before the first request."""
        warning = region_warning(self.account.region)
        return (warning,) if warning else ()

    @asynccontextmanager
    async def started(self, rate: Rate) -> AsyncIterator["Target"]:
        """Start the simulator if it is the target and does not run; yield the target that calls it.

        The simulator applies Twilio's limit of ``TWILIO_LIMIT`` WebChats per second, unless ``rate`` is higher.
        """
        if not self.is_simulated or self.simulator:
            yield self
            return
        from provisioner.simulator import SimulatorSettings, open_simulator  # noqa: PLC0415 - for rehearsals

        limit = TWILIO_LIMIT if rate.per_second <= TWILIO_LIMIT else 0.0
        async with open_simulator(SimulatorSettings(rate_limit=limit)) as simulator:
            yield structs.replace(self, simulator=simulator.base_url)

    @asynccontextmanager
    async def open(self, rate: Rate, *, permit: SendPermit | None = None) -> AsyncIterator[Transport]:
        """Start the simulator if it is the target, open the connections, and yield their transport.

        See ``started``. Nothing is sent while ``permit`` is not held; None is no such condition.
        """
        async with self.started(rate) as target:
            opened = open_transport(
                target.account,
                version=__version__,
                base_url=target.simulator or target.options.base_url,
                timeout_s=target.options.timeout,
                proxy=target.options.proxy,
                service_sid=target.service_sid,
                permit=permit,
            )
            async with opened as transport:
                yield transport


_IN_VAIN = "--simulate does not call Twilio, so --base-url, --profile and --proxy have no effect with it"


class JobTargets(msgspec.Struct, frozen=True):
    """Targets of a job by the SID of their account: of one account, or of each in the file ``accounts``.

    All of them are on this machine, or none.
    """

    by_account: Mapping[str, Target]
    accounts: str = ""

    @classmethod
    def choose(
        cls,
        options: ConnectionOptions,
        environ: Mapping[str, str],
        home: Path | None,
        *,
        is_simulated: bool = False,
        accounts: JobAccounts | None = None,
    ) -> "JobTargets":
        """Return the targets of a job for ``accounts``, None for the one account of the environment.

        Raise ``UsageError`` as ``Target.choose`` and ``choose_targets`` do.
        """
        if accounts is None:
            target = Target.choose(options, environ, home, is_simulated=is_simulated)
            return cls({target.account.account_sid: target})
        return cls(choose_targets(accounts, options, environ, home, is_simulated=is_simulated), accounts.source)

    @property
    def first(self) -> Target:
        """The target of the first account."""
        return next(iter(self.by_account.values()))

    @property
    def of_one(self) -> Target | None:
        """The target of a job for one account; None for a job for many."""
        return None if self.accounts else self.first

    def settings(self) -> dict[str, str]:
        """Return the settings that identify a job; see ``Target.settings``."""
        settings = self.first.settings()
        return {**settings, "account": BY_ROW} if self.accounts else settings

    def flags(self) -> list[str]:
        """Return the options with their values by which another command reaches the same targets."""
        return [*self.first.flags(), *(("--accounts", self.accounts) if self.accounts else ())]

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about the targets, each once, shown before the first request."""
        return tuple(dict.fromkeys(note for each in self.by_account.values() for note in each.notes))

    @property
    def shown(self) -> str:
        """The account, or the number of accounts, for a question to the user."""
        if self.accounts:
            return pluralize("account", len(self.by_account))
        return f"account {self.first.account.account_sid}"

    def simulated_at(self, url: str) -> "JobTargets":
        """Return the same targets, at the simulator with this base URL; at their own place for an empty one."""
        if not url:
            return self
        by_account = {sid: structs.replace(each, simulator=url) for sid, each in self.by_account.items()}
        return structs.replace(self, by_account=by_account)


def choose_targets(
    accounts: JobAccounts,
    options: ConnectionOptions,
    environ: Mapping[str, str],
    home: Path | None,
    *,
    is_simulated: bool = False,
) -> Mapping[str, Target]:
    """Return the target of each account of a job by the account's SID, in the order of the accounts.

    ``environ`` and ``home`` are those of ``Target.choose``; with ``is_simulated`` no credentials are looked for.
    Raise ``UsageError``, which names the line of the account, when its credentials are missing or malformed, and
    as ``Target.choose`` does; also for ``--profile`` and ``--service-sid``, which belong to one account.
    """
    if options.profile or options.service_sid:
        flag = "--profile" if options.profile else "--service-sid"
        raise UsageError(
            f"{flag} with --accounts: it belongs to one account",
            cure=f"omit {flag}, also in the environment and the configuration",
        )
    if is_simulated:
        usual = Target.choose(options, environ, home, is_simulated=True)
        return {each.sid: structs.replace(usual, account=_simulated(each.sid)) for each in accounts}
    targets = {}
    for each in accounts:
        try:
            account = resolve_listed_account(each.sid, each.credentials, environ, home=home)
            targets[each.sid] = Target.of_account(account, options)
        except UsageError as error:
            place = f"{shortened_path(accounts.source)}, line {each.line}"
            raise UsageError(f"{place}: {error.message}", cure=error.cure) from error
    return targets


def job_settings(account: str, *, is_local: bool) -> dict[str, str]:
    """Return the settings that identify the job of an account; see ``Target.settings``."""
    return {"account": account, "target": "this machine" if is_local else "Twilio"}


def _simulated(account_sid: str) -> Account:
    """Return an account that only a simulator knows, which tells accounts apart by the user name."""
    return replace(SIMULATED, account_sid=account_sid, username=account_sid)


def _require_service(service_sid: str) -> None:
    """Raise ``UsageError`` for a text that is not the SID of a Conversations service; empty is the default one."""
    if service_sid and not SidKind.SERVICE.matches(service_sid.strip()):
        raise UsageError(
            f"--service-sid is not the SID of a Conversations service: {SidKind.SERVICE.form}",
            cure="copy that of Flex's service from the Twilio Console, under Conversations, Services; without the "
            "option, TWILIO_CONVERSATIONS_SERVICE_SID gives it",
        )
