"""Names in records that have no value: ``null`` in JSON, NULL in a database."""

from collections.abc import Iterable, Mapping

from msgspec import Raw

from .header import Header
from .paths import has_null_at

_NULL = b"null"


def names_with_null(names: Iterable[str], members: Mapping[str, str | Raw]) -> set[str]:
    """Return those of ``names`` that are ``null`` in a record, or lead into a member that is.

    ``names`` are columns or dotted names, none of which has a value in the record. ``members`` holds its texts and
    JSON texts by name.
    """
    header = Header(tuple(members))
    return {name for name in names if _has_null(name, header, members)}


def _has_null(name: str, header: Header, members: Mapping[str, str | Raw]) -> bool:
    position = header.find(name, "")
    way = header.find_way(name, "") if position is None else (position, [])
    if way is None:
        return False
    value = members[header.columns[way[0]]]
    spelt = value.encode() if isinstance(value, str) else bytes(value)
    return spelt == _NULL or has_null_at(spelt.decode(), way[1])
