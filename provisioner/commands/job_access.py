"""Access to the accounts of a ledger's job: to its one account, or to those that ``--accounts`` lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.errors import UsageError
from provisioner.ledger import Ledger
from provisioner.models.accounts import BY_ROW, JobAccounts, about_account
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.text import pluralize
from provisioner.options import CloseOptions, ReconcileOptions
from provisioner.planning.accounts import read_accounts
from provisioner.system.printable import shortened_path
from provisioner.target import Target, choose_targets, job_settings
from provisioner.twilio.account.hosts import is_loopback_url


@dataclass(frozen=True, slots=True)
class AccountRows:
    """The rows of one account: ``ledger`` is a view of them, ``target`` is where the account is called.

    ``account_sid`` is empty in a job for one account: the rows are all of the ledger's then.
    """

    account_sid: str
    ledger: Ledger
    target: Target

    def named(self, text: str) -> str:
        """Return a text for the user, in a job for many accounts with the account that it is about."""
        return about_account(self.account_sid, text)


@dataclass(frozen=True, slots=True)
class JobAccess:
    """Access to the accounts of one job.

    ``only`` is the target of a job for one account, ``listed`` are the accounts of a job for many; the other one
    is None.
    """

    options: ReconcileOptions | CloseOptions
    environment: ProcessEnvironment
    only: Target | None = None
    listed: JobAccounts | None = None

    @classmethod
    def choose(cls, options: ReconcileOptions | CloseOptions, environment: ProcessEnvironment) -> "JobAccess":
        """Return the access that the options describe.

        Raise ``UsageError`` as ``Target.choose`` does, and ``InputError`` for a file of accounts that cannot be
        used. The credentials in that file are looked for later, when it is known which accounts are needed.
        """
        if options.accounts:
            access = cls(options, environment, listed=read_accounts(options.accounts))
            access.targets({})  # refuses options that belong to one account
            return access
        target = Target.choose(options, environment.environ, environment.home, is_simulated=_is_simulated(options))
        return cls(options, environment, only=target)

    @property
    def settings(self) -> dict[str, str]:
        """The settings that identify the job; see ``Target.settings``."""
        if self.only is not None:
            return self.only.settings()
        return job_settings(BY_ROW, is_local=self.is_local)

    @property
    def is_local(self) -> bool:
        """Whether all requests stay on this machine."""
        if self.only is not None:
            return self.only.is_local
        base_url = self.options.base_url
        return _is_simulated(self.options) or (bool(base_url) and is_loopback_url(base_url))

    @property
    def flags(self) -> list[str]:
        """The options with their values by which another command reaches the same accounts."""
        if self.only is not None:
            return self.only.flags()
        base_url = self.options.base_url
        return [*(("--base-url", base_url) if base_url else ()), "--accounts", self.options.accounts]

    def targets(self, needs: Mapping[str, int], what: str = "") -> Mapping[str, Target]:
        """Return the targets of the accounts that are needed, by their SIDs; ``needs`` is empty for one account.

        ``needs`` are the numbers of things, each a ``what``, that an account is needed for, by its SID; an account
        with none is not needed. Raise ``UsageError`` for an account that the file does not list, and for one
        without credentials.
        """
        if self.only is not None:
            return {"": self.only}
        listed = self.listed or ()
        wanted = {sid: number for sid, number in needs.items() if number}
        missing = [sid for sid in wanted if sid not in {each.sid for each in listed}]
        source = self.listed.source if self.listed else ""
        if missing:
            more = f", and {pluralize('more account', len(missing) - 1)}" if len(missing) > 1 else ""
            raise UsageError(
                f"{shortened_path(source)} does not list the account {missing[0]}, in which "
                f"{pluralize(what, wanted[missing[0]], 'is', 'are')} left{more}",
                cure="add a line for each account of the job, with the place of its credentials",
            )
        needed = JobAccounts(source, [each for each in listed if each.sid in wanted])
        environ, home = self.environment.environ, self.environment.home
        return choose_targets(needed, self.options, environ, home, is_simulated=_is_simulated(self.options))

    def rows(self, ledger: Ledger, needs: Mapping[str, int], what: str) -> list[AccountRows]:
        """Return the rows of each account that is needed; see ``targets``."""
        return [
            AccountRows(sid, ledger.of_account(sid) if sid else ledger, target)
            for sid, target in self.targets(needs, what).items()
        ]


def require_accounts_option(
    place: object, options: ReconcileOptions | CloseOptions, *, has_accounts: bool
) -> None:
    """Raise ``UsageError`` when ``--accounts`` is missing for a job for many accounts, or given for another one.

    ``place`` is the name of its ledger or results.
    """
    if has_accounts and not options.accounts:
        raise UsageError(
            f"the rows of {place} were sent in several accounts",
            cure="add --accounts with the file of the job's accounts",
        )
    if options.accounts and not has_accounts:
        raise UsageError(
            f"--accounts with {place}, whose rows were sent in one account",
            cure="omit --accounts, also in the environment and the configuration",
        )


def _is_simulated(options: ReconcileOptions | CloseOptions) -> bool:
    return isinstance(options, CloseOptions) and options.simulate
