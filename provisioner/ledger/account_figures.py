"""Figures of the accounts of a job for many, from its ledger."""

from collections.abc import Collection, Mapping, Sequence

from provisioner.ledger.account_reading import AccountActivity, AccountErrorCount
from provisioner.ledger.last_runs import last_sending_run
from provisioner.ledger.reading import LedgerReader
from provisioner.models.account_figures import AccountError, AccountFigures
from provisioner.models.rates import rate_between, rate_until

RECENT_S = 60.0
"""Requests that were sent in these last seconds tell the rate of a run at work."""
_LEAST_STARTS = 2
_WAITING, _INTERRUPTED = "stopped", "interrupted"
"""Error codes that rows would get if the run ended now: rows that wait, and rows in flight."""


def read_account_figures(reader: LedgerReader, *, now: float, is_running: bool) -> Sequence[AccountFigures]:
    """Return the figures of each account with rows in the current input; empty for a job for one account.

    While a run is at work (``is_running``), the rates are those of the last minute before ``now``, in Unix
    seconds, and rows in flight are no errors; else they are those of the last run that sent rows.
    """
    if not reader.has_accounts():
        return ()
    activity = {
        each.account_sid: each
        for each in reader.accounts.activity(last_sending_run(reader.runs()), now - RECENT_S)
    }
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
        return rate_between(activity.starts, activity.first, activity.last)
    if activity.recent < _LEAST_STARTS or activity.first_recent is None:
        return 0.0 if activity.starts > activity.recent else None
    return rate_until(activity.recent, activity.first_recent, activity.last, now)
