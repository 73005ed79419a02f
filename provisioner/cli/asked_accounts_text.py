"""Table of what ``reconcile`` or ``close`` did in each account that it asked, of a job for many."""

from collections.abc import Iterator, Mapping
from typing import Any

from .table import render_table


def asked_accounts_table(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a table with a row for each account that was asked; none in a job for one account.

    ``details`` are the details of the ``Summary``. Columns without any value other than 0 are omitted.
    """
    accounts = [dict(_flat(each)) for each in details.get("accounts", ())]
    columns = [name for name in (accounts[0] if accounts else ()) if any(each[name] for each in accounts)]
    if columns:
        named = [name.removesuffix("_sid").replace("_", " ") for name in columns]
        yield from render_table(named, ([_cell(each[name]) for name in columns] for each in accounts))


def _flat(account: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in account.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}_{inner}", number) for inner, number in value.items())
        else:
            yield name, value


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or "")
