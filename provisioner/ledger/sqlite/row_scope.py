"""Rows that a part of the ledger is about: those of the whole job, or of one of its accounts."""

from functools import cache

import msgspec

_TABLES = ("plan", "rows")
"""Tables that say for each line in which account it is."""


class SqliteRowScope(msgspec.Struct, frozen=True):
    """All rows of the job, or those of the account ``account_sid``; an account that has no row is allowed."""

    account_sid: str | None = None

    def query(self, statement: str) -> str:
        """Return a query on the tables ``plan`` and ``rows`` as one about these rows only."""
        return statement if self.account_sid is None else _of_account(statement, self.account_sid)


ALL_ROWS = SqliteRowScope()


@cache
def _of_account(statement: str, account_sid: str) -> str:
    """Return the query with common table expressions that take the place of the tables; results are cached.

    SQLite reads each of them by an index, as if their condition were in the query.
    """
    quoted = account_sid.replace("'", "''")
    account = f"(SELECT id FROM main.accounts WHERE sid = '{quoted}')"  # noqa: S608 - quoted
    parts = [
        f"{table} AS NOT MATERIALIZED (SELECT * FROM main.{table} WHERE account = {account})"  # noqa: S608 - as above
        for table in _TABLES
    ]
    comment, has_parts, query = statement.partition("\nWITH ")
    if not has_parts:
        return f"WITH {', '.join(parts)}\n{statement}"
    return f"{comment}\nWITH {', '.join(parts)},\n{query}"
