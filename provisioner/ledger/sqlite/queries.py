"""The SQL of this room: files of statements, each with a name and a comment that says why."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_MARK = "-- name: "


def load_queries(name: str) -> Mapping[str, str]:
    """Return the statements of ``<name>.sql`` by their names, in the order they stand there."""
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    parts = text.split(_MARK)[1:]
    return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}


@cache
def repeat_values(statement: str, rows: int) -> str:
    """Repeat the one row of values that a statement has; the few numbers of rows in use are remembered."""
    head, _, rest = statement.partition("VALUES (")
    marks, _, tail = rest.partition(")")
    return f"{head}VALUES {', '.join([f'({marks})'] * rows)}{tail}"
