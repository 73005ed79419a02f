"""SQL statements of this package, loaded from ``.sql`` files in which each statement has a name and a comment."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_MARK = "-- name: "


def load_queries(name: str) -> Mapping[str, str]:
    """Return the statements of ``<name>.sql``: dict of SQL text by statement name, in the order of the file."""
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    parts = text.split(_MARK)[1:]
    return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}


@cache
def repeat_values(statement: str, rows: int) -> str:
    """Return ``statement`` with its ``VALUES (?, …)`` row repeated ``rows`` times. Results are cached."""
    head, _, rest = statement.partition("VALUES (")
    marks, _, tail = rest.partition(")")
    return f"{head}VALUES {', '.join([f'({marks})'] * rows)}{tail}"
