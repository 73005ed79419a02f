"""SQL statements of this package, loaded from ``.sql`` files in which each statement has a name and a comment."""

from collections.abc import Mapping
from functools import cache

from provisioner.ledger.sql_files import read_statements


def load_queries(name: str) -> Mapping[str, str]:
    """Return the statements of ``<name>.sql``: dict of SQL text by statement name, in the order of the file."""
    return read_statements(__package__, name)


@cache
def repeat_values(statement: str, rows: int) -> str:
    """Return ``statement`` with its ``VALUES (?, …)`` row repeated ``rows`` times. Results are cached."""
    head, _, rest = statement.partition("VALUES (")
    marks, _, tail = rest.partition(")")
    return f"{head}VALUES {', '.join([f'({marks})'] * rows)}{tail}"
