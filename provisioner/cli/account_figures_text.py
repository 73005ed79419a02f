"""Table of the accounts of a job for many."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from provisioner.models import Counts
from provisioner.models.account_figures import AccountFigures
from provisioner.models.text import pluralize, rate_text

from .table import render_table

MOST_SHOWN = 40
"""Most accounts that a run shows at its end; ``status`` shows all."""
_TITLES = ("account", "rows", "created", "rejected", "unknown", "unsent", "invalid", "left", "rate", "error")


def account_figures_table(
    details: Mapping[str, Any], counts: Counts | None, *, most: int | None = None
) -> Iterator[str]:
    """Yield the lines of the table of the accounts in the details of a summary; none for a job for one account.

    ``counts`` are those of the whole job: rows in none of the accounts have a line below the table. With ``most``,
    only so many accounts are shown, those first that are not done.
    """
    accounts = msgspec.convert(details.get("accounts", ()), tuple[AccountFigures, ...])
    if not accounts:
        return
    shown = accounts if most is None or len(accounts) <= most else sorted(accounts, key=_is_done)[:most]
    yield from render_table(_TITLES, map(_cells, shown))
    if more := len(accounts) - len(shown):
        yield f"  and {pluralize('more account', more)}: provisioner status shows all"
    elsewhere = counts.input - sum(each.counts.input for each in accounts) if counts else 0
    if elsewhere:
        yield f"{pluralize('row', elsewhere, 'names', 'name')} none of the accounts"


def _is_done(account: AccountFigures) -> bool:
    return account.counts.created == account.counts.input and not account.error


def _cells(account: AccountFigures) -> Sequence[str]:
    counts = account.counts
    numbers = (counts.input, counts.created, counts.rejected, counts.unknown, counts.unsent, counts.invalid)
    called = f"{account.account_sid} ({account.name})" if account.name else account.account_sid
    rate = "" if account.rate is None else rate_text(account.rate)
    return (called, *(f"{number:,}" for number in (*numbers, account.left)), rate, _error_text(account))


def _error_text(account: AccountFigures) -> str:
    """Return what stopped the account, else its most frequent error code with the number of its rows."""
    if account.error:
        return account.error
    return f"{first.error_code} ({first.rows:,})" if (first := next(iter(account.errors), None)) else ""
