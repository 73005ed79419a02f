"""Schema of a ledger. A file is accepted only when its schema is exactly the one of its version.

A file from elsewhere may hold triggers, views, virtual tables and generated columns, which SQLite executes when
its tables are read or written.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache

from provisioner.ledger.sqlite import queries

SCHEMA_VERSION = 6
"""Version of the schema that this program writes, SQLite's ``user_version`` of a ledger."""
SCHEMA = queries.load_queries("schema")
"""Statements that create the current schema: dict of SQL text by name of the object."""
_MIGRATE = queries.load_queries("migrate")
_STEPS: dict[int, tuple[str, ...]] = {
    2: ("add_message", "add_message_digest", "add_last_message", "add_message_sid", "add_closures"),
    3: ("add_service_sid", "doubt_gone"),
    4: ("add_users", "add_settings", "add_last_settings", "add_history_status", "add_history"),
    5: ("add_accounts", "add_row_account", "add_planned_account"),
    6: ("drop_conversation_index",),
}
"""Names of the statements that migrate a ledger of the version before to each version."""
_MADE_ANEW = ("attempts_by_conversation", "plan_by_account", "results")
"""Objects that are made from the schema at the end of a migration, where the schema has them."""
_MOST_OBJECTS = 100
_STATISTICS = {"sqlite_stat1", "sqlite_stat4"}
"""Tables that the SQL command ``ANALYZE`` creates. They are allowed: SQLite reads only numbers from them."""

_Objects = frozenset[tuple[str, str, str, str]]


def create_schema(connection: sqlite3.Connection) -> None:
    """Create the tables, index and view of a new ledger, within the caller's transaction."""
    for statement in SCHEMA.values():
        connection.execute(statement)


def migrate_schema(connection: sqlite3.Connection, version: int, *, to: int = SCHEMA_VERSION) -> None:
    """Migrate the schema from an older ``version`` to the version ``to``, within the caller's transaction."""
    present, wanted = _statements(version), _statements(to)
    steps = [name for each in range(version + 1, to + 1) for name in _STEPS[each]]
    for name in ("drop_results", *steps):
        connection.execute(_MIGRATE[name])
    for name in _MADE_ANEW:
        if name in wanted and (name == "results" or name not in present):
            connection.execute(wanted[name])


def _statements(version: int) -> Mapping[str, str]:
    """Return the statements that create the schema of a version: dict of SQL text by name of the object."""
    return SCHEMA if version == SCHEMA_VERSION else queries.load_queries(f"schema_{version}")


def results_query(*, has_accounts: bool) -> str:
    """Return the query for the results, which ends with the account of each row in a job for many accounts."""
    return queries.load_queries("read")["account_results" if has_accounts else "results"]


@cache
def vanished_query(version: int, *, has_accounts: bool) -> str:
    """Return the query for the results of the rows that are not in the plan: the view's own text on other rows.

    It has the columns of ``results_query``, of which the first three are the row's id, 0 and an empty text, and is
    in the order of the ids.
    """
    view = _statements(version)["results"]
    _, _, select = view.partition(" AS\n")
    read = queries.load_queries("read")
    parts = {
        "sources": "SELECT 0 AS id, '' AS name",
        "plan": read["vanished"].rstrip(";"),
        "results": select.rstrip(";"),
    }
    named = ", ".join(f"{name} AS (\n{query}\n)" for name, query in parts.items())
    return f"WITH {named}\n{results_query(has_accounts=has_accounts)}"


def is_known(connection: sqlite3.Connection, version: int) -> bool:
    """Return whether a ledger has exactly the schema of this version, as created or as migrated."""
    found = _objects(connection)
    return any(found == known for known in _known(version))


def _known(version: int) -> Iterator[_Objects]:
    yield _made_of(version)
    for older in range(1, version):
        yield _made_of(older, migrated_to=version)


@cache
def _made_of(version: int, *, migrated_to: int | None = None) -> _Objects:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in _statements(version).values():
            connection.execute(statement)
        if migrated_to is not None:
            migrate_schema(connection, version, to=migrated_to)
        return _objects(connection)


def _objects(connection: sqlite3.Connection) -> _Objects:
    """Return the (type, name, table, SQL) of every object of a schema, with runs of white space reduced to one."""
    lines = connection.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master LIMIT ?", (_MOST_OBJECTS,)
    )
    return frozenset(
        (str(kind), str(name), str(table), " ".join(str(sql).split()))
        for kind, name, table, sql in lines
        if not (kind == "table" and name in _STATISTICS)
    )
