"""Accounts of a job that sends each row in the account that the row names."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b

import msgspec

BY_ROW = "by row"
"""The account among the settings of a job that sends each row in the account that the row names."""


def shown_account(account: str) -> str:
    """Return the account in the settings of a job as people read it."""
    return "each row names its own" if account == BY_ROW else account


class CredentialsKind(StrEnum):
    """Where the credentials of an account are; the value is the word before the colon in the file of accounts."""

    ENVIRONMENT = "env"
    """In environment variables with one prefix."""
    PROFILE = "profile"
    """In a profile of twilio-cli."""


class CredentialsPlace(msgspec.Struct, frozen=True):
    """Place of the credentials of an account: the prefix of environment variables, or the name of a profile."""

    kind: CredentialsKind
    name: str

    def __str__(self) -> str:
        """Return the place as the file of accounts has it, such as ``env:ACME``."""
        return f"{self.kind}:{self.name}"


class JobAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a job.

    ``name`` is the user's own name for it, ``address_sid`` the address of rows without one, ``rate`` how fast
    WebChats are created in it, as ``--rate`` has it; these are empty where the file gives none. ``line`` is the
    line of the file.
    """

    sid: str
    credentials: CredentialsPlace
    name: str = ""
    address_sid: str = ""
    rate: str = ""
    line: int = 0


class JobAccounts:
    """The accounts of a job, in the order of the file ``source``; SIDs and names are all different."""

    def __init__(self, source: str, accounts: Sequence[JobAccount]) -> None:
        self.source, self._accounts = source, tuple(accounts)
        self._by_name = {each.name.casefold(): each for each in accounts if each.name}
        self._by_sid = {each.sid: each for each in accounts}

    def __iter__(self) -> Iterator[JobAccount]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    @property
    def digests(self) -> Mapping[str, str]:
        """Hexadecimal digest of what makes a row that account's row, its name and its address, by its SID."""
        return {each.sid: _digest(each.name.casefold(), each.address_sid) for each in self._accounts}

    def find(self, text: str) -> JobAccount | None:
        """Return the account with this SID, or with this name in any case; None when there is none."""
        text = text.strip()
        return self._by_sid.get(text) or self._by_name.get(text.casefold())


def _digest(*texts: str) -> str:
    return blake2b(msgspec.msgpack.encode(texts), digest_size=16).hexdigest()


def about_account(account_sid: str, text: str) -> str:
    """Return a text for the user after the account that it is about; for an empty SID only the text."""
    return f"account {account_sid}: {text}" if account_sid else text
