"""What the account of a row decides in a job for many accounts: its SID, its usual address, and its key."""

import msgspec
from msgspec import structs

from provisioner.models.accounts import JobAccount, JobAccounts

from .field_sources import FieldSource
from .templates import Constant, Getter, Values

ACCOUNT_FIELD = "account_sid"
"""The field that says in which account a row is sent; only jobs with a file of accounts have it."""
NO_ACCOUNT = "nothing says in which of the accounts a row is sent"
ACCOUNT_CURE = "add a column account_sid with SIDs or names of --accounts, or --set 'account_sid={Column}'"


class AccountSources(msgspec.Struct, frozen=True):
    """Sources of the texts that depend on the account of a row.

    ``named`` gives the SID or the name of the account, as the row has it.
    """

    accounts: JobAccounts
    named: FieldSource

    @property
    def sid(self) -> FieldSource:
        """The SID of the row's account; empty where the row names none of the accounts."""
        return structs.replace(
            self.named, get=lambda values: account.sid if (account := self._find(values)) else ""
        )

    @property
    def address(self) -> FieldSource | None:
        """The usual address of the row's account; None where no account has one."""
        if not any(account.address_sid for account in self.accounts):
            return None
        return FieldSource(
            lambda values: account.address_sid if (account := self._find(values)) else "", origin="--accounts"
        )

    def key(self, get_key: Getter) -> Getter:
        """Return the getter of a key that belongs to its account: equal keys of two accounts are two rows.

        All SIDs are of one length, so different pairs of account and key give different keys. A key that
        ``get_key`` gives as empty stays empty.
        """
        if isinstance(get_key, Constant):
            return get_key
        get_sid = self.sid.get
        return lambda values: f"{get_sid(values)}|{key}" if (key := get_key(values)) else ""

    def _find(self, values: Values) -> JobAccount | None:
        return self.accounts.find(self.named.get(values))
