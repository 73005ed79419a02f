"""Protocol for reading what a ledger knows of each account of a job for many, and the figures made of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from provisioner.models import AttemptRecord, Counts
from provisioner.models.account_figures import AccountError, AccountFigures
from provisioner.models.rates import mean_rate, rate_until

RECENT_S = 60.0
"""Requests that were sent in these last seconds tell the rate of a run at work."""
_LEAST_STARTS = 2
_WAITING, _INTERRUPTED = "stopped", "interrupted"
"""Error codes that rows would get if the run ended now: rows that wait, and rows in flight."""


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


class _Accounts(Protocol):
    """What is read of a ledger here, which is a part of ``LedgerReader``."""

    @property
    def accounts(self) -> AccountReader: ...

    def has_accounts(self) -> bool: ...

    def account_counts(self) -> Mapping[str, Counts]: ...

    def last_run(self) -> int: ...


def read_account_figures(reader: _Accounts, *, now: float, is_running: bool) -> Sequence[AccountFigures]:
    """Return the figures of each account with rows in the current input; empty for a job for one account.

    While a run is at work (``is_running``), the rates are those of the last minute before ``now``, in Unix
    seconds, and rows in flight are no errors.
    """
    if not reader.has_accounts():
        return ()
    activity = {each.account_sid: each for each in reader.accounts.activity(reader.last_run(), now - RECENT_S)}
    ignored = {_WAITING, _INTERRUPTED} if is_running else {_WAITING}
    errors = _errors_by_account(reader.accounts.error_counts(), ignored)
    return [
        AccountFigures(
            account_sid=account_sid,
            counts=counts,
            rate=_rate(activity.get(account_sid), now, is_running=is_running),
            errors=tuple(errors.get(account_sid, ())),
        )
        for account_sid, counts in reader.account_counts().items()
    ]


def _errors_by_account(
    counted: Sequence[AccountErrorCount], ignored: Collection[str]
) -> Mapping[str, Sequence[AccountError]]:
    errors: dict[str, list[AccountError]] = {}
    for account_sid, status, error_code, rows in counted:
        if error_code not in ignored:
            error = AccountError(status=status, error_code=error_code, rows=rows)
            errors.setdefault(account_sid, []).append(error)
    return errors


def _rate(activity: AccountActivity | None, now: float, *, is_running: bool) -> float | None:
    if activity is None:
        return None
    if not is_running:
        return mean_rate(activity.starts, activity.first, activity.last)
    if activity.recent < _LEAST_STARTS or activity.first_recent is None:
        return 0.0 if activity.starts > activity.recent else None
    return rate_until(activity.recent, activity.first_recent, activity.last, now)
