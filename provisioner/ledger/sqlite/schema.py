"""Schema of a ledger. A file is accepted only when its schema is exactly the one of its version.

A file from elsewhere may hold triggers, views, virtual tables and generated columns, which SQLite executes when
its tables are read or written.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache

from provisioner.ledger.sqlite import queries

SCHEMA_VERSION = 2
"""Version of the schema that this program writes, SQLite's ``user_version`` of a ledger."""
SCHEMA = queries.load_queries("schema")
"""Statements that create the current schema: dict of SQL text by name of the object."""
_MIGRATE = queries.load_queries("migrate")
_TO_VERSION_2 = ("add_message", "add_message_digest", "add_last_message", "add_message_sid", "drop_results")
_MOST_OBJECTS = 100
_STATISTICS = {"sqlite_stat1", "sqlite_stat4"}
"""Tables that the SQL command ``ANALYZE`` creates. They are allowed: SQLite reads only numbers from them."""

_Objects = frozenset[tuple[str, str, str, str]]


def create_schema(connection: sqlite3.Connection) -> None:
    """Create the tables, index and view of a new ledger, within the caller's transaction."""
    for statement in SCHEMA.values():
        connection.execute(statement)


def migrate_schema(connection: sqlite3.Connection) -> None:
    """Migrate the schema from version 1 to version 2, within the caller's transaction."""
    for name in _TO_VERSION_2:
        connection.execute(_MIGRATE[name])
    for name in ("closures", "results"):
        connection.execute(SCHEMA[name])


@cache
def vanished_query(version: int) -> str:
    """Return the query for the results of the rows that are not in the plan: the view's own text on other rows.

    Its first three columns are the row's id, 0 and an empty text; it is in the order of the ids.
    """
    view = queries.load_queries("schema_1" if version == 1 else "schema")["results"]
    _, _, select = view.partition(" AS\n")
    read = queries.load_queries("read")
    parts = {
        "sources": "SELECT 0 AS id, '' AS name",
        "plan": read["vanished"].rstrip(";"),
        "results": select.rstrip(";"),
    }
    named = ", ".join(f"{name} AS (\n{query}\n)" for name, query in parts.items())
    return f"WITH {named}\n{read['results']}"


def is_known(connection: sqlite3.Connection, version: int) -> bool:
    """Return whether a ledger has exactly the schema of this version, as created or as migrated from version 1."""
    found = _objects(connection)
    return any(found == known for known in _known(version))


def _known(version: int) -> Iterator[_Objects]:
    if version == 1:
        yield _version_1()
    else:
        yield _version_2()
        yield _migrated()


@cache
def _version_1() -> _Objects:
    return _made_of("schema_1")


@cache
def _version_2() -> _Objects:
    return _made_of("schema")


@cache
def _migrated() -> _Objects:
    return _made_of("schema_1", is_migrated=True)


def _made_of(name: str, *, is_migrated: bool = False) -> _Objects:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in queries.load_queries(name).values():
            connection.execute(statement)
        if is_migrated:
            migrate_schema(connection)
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
