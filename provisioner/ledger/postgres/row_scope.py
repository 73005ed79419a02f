"""Rows that a part of the ledger is about: those of the whole job, or of one of its accounts."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

_TABLES = ("plan", "rows")
"""Tables that say for each line in which account it is."""
_VIEWS = ("states", "follow_ups", "all_states", "all_follow_ups")
"""Views of rows, by their ID."""


@dataclass(frozen=True, slots=True)
class PostgresRowScope:
    """All rows of the job, or those of the account ``account_sid``; an account that has no row is allowed."""

    account_sid: str | None = None

    def ask(self, statement: str, *values: Any) -> tuple[Any, ...]:
        """Return a query as one about these rows only, followed by its values.

        ``statement`` reads the tables ``plan`` or ``rows``, or one of the views of rows.
        """
        if self.account_sid is None:
            return statement, *values
        return _of_account(statement, len(values) + 1), *values, self.account_sid


ALL_ROWS = PostgresRowScope()


@cache
def _of_account(statement: str, place: int) -> str:
    """Return the query with common table expressions that take the place of the tables and the views.

    The SID of the account is its last parameter, number ``place``. The server plans the query as if their
    conditions were in it. Results are cached.
    """
    account = f"(SELECT id FROM accounts WHERE sid = ${place})"  # noqa: S608 - a number
    parts = [
        f"{table} AS NOT MATERIALIZED (SELECT * FROM {table} WHERE account = {account})"  # noqa: S608 - names
        for table in _TABLES
    ]
    parts += [
        f"{view} AS NOT MATERIALIZED (SELECT {view}.* FROM {view} JOIN rows ON rows.id = {view}.id)"  # noqa: S608
        for view in _VIEWS
        if re.search(rf"\b{view}\b", statement)
    ]
    comment, has_parts, query = statement.partition("\nWITH ")
    if not has_parts:
        return f"WITH {', '.join(parts)}\n{statement}"
    return f"{comment}\nWITH {', '.join(parts)},\n{query}"
