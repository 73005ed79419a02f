"""Protocol for reading what a ledger knows of each account of a job for many."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from provisioner.models import AttemptRecord


class AccountErrorCount(NamedTuple):
    """Number of rows of an account with this status and this error code."""

    account_sid: str
    status: str
    error_code: str
    rows: int


class AccountActivity(NamedTuple):
    """Requests to create that a run has sent in an account: their number, and when the first and the last left.

    ``recent`` and ``first_recent`` are the same of those after a moment that was asked for; there may be none. All
    times are Unix seconds.
    """

    account_sid: str
    starts: int
    first: float
    last: float
    recent: int
    first_recent: float | None


class AccountReader(Protocol):
    """Read-only view of the accounts of a job for many; the rules are those of ``LedgerReader``."""

    def error_counts(self) -> Sequence[AccountErrorCount]:
        """Return the number of rows for each account, status and error code.

        Of each account, the most frequent one comes first. Rows that name none of the accounts are not counted.
        """
        ...

    def activity(self, run: int, since: float) -> Sequence[AccountActivity]:
        """Return what run number ``run`` (from 1) has sent in each account, in all and after ``since``.

        Accounts in which it has sent nothing are omitted. It takes a second for a million rows.
        """
        ...

    def attempts(self, step: str) -> Iterator[tuple[str, AttemptRecord]]:
        """Yield the attempts of one step with the SID of their account, in the order of their recording."""
        ...
