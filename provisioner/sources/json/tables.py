"""JSON objects that hold a whole table by its columns or by its index, as pandas and databases write them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from provisioner.mapping import field_of_member, is_about_a_person
from provisioner.system.patterns import late_pattern

_AS_RECORDS = 'write it with orient="records", lines=True'
_INDEX = late_pattern(r"-?[0-9]+(?:\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
"""Entry of an index that is no name: a number, a date or a time stamp."""

Told = tuple[str, str]
"""What an object is, and the cure, for the error message."""


def table_in(document: Mapping[str, Any]) -> Told | None:
    """Return what kind of table an object is that is not a list of records; None for anything else.

    The last parts of the object may be cut off.
    """
    if _is_list_of_lists(document.get("data")):
        if isinstance(document.get("columns"), list):
            return "is a table in parts, as pandas writes it with orient='split'", _AS_RECORDS
        if isinstance(document.get("meta"), list):
            return "is a table whose rows are arrays", "write each row as an object, with the columns' names"
    return _by_index(document) or _by_column(document)


def is_table_by_index(document: Mapping[str, Any]) -> bool:
    """Return whether an object holds one object for each column, whose names are numbers or dates."""
    values = list(document.values())
    inner = [name for value in values if isinstance(value, dict) for name in value]
    return all(isinstance(value, dict) for value in values) and bool(inner) and _are_index(inner)


def _by_index(document: Mapping[str, Any]) -> Told | None:
    values = list(document.values())
    if not values or not all(isinstance(value, dict) for value in values) or not _have_same_names(values):
        return None
    inner = [name for value in values for name in value]
    are_several = len(values) > 1
    by_name = _are_fields(document) and not _are_fields(inner) and _has_single(values)
    if (inner and _are_index(inner)) or (are_several and (by_name or not inner)):
        return "holds an object for each column, as pandas writes it by default", _AS_RECORDS
    if are_several and _are_index(document):
        return (
            "is an object of objects, as pandas writes it with orient='index'",
            f"{_AS_RECORDS}, or take the rows out, with jq -c '.[]'",
        )
    return None


def _by_column(document: Mapping[str, Any]) -> Told | None:
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(value, list) and value for value in values):  # noqa: PLR2004
        return None
    # When the text is cut off, the last column has fewer rows.
    if any(map(are_single, values)) and not any(map(_has_objects, values)):
        rows = len(values[-1])
        if all(len(value) >= rows for value in values):
            return "holds an array for each column", _AS_RECORDS
    return None


def are_single(values: Sequence[Any]) -> bool:
    """Return whether there are values, none of which is an array or object."""
    return bool(values) and not any(isinstance(value, dict | list) for value in values)


def _have_same_names(values: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether objects have the same names; the last one may be cut off."""
    names = list(values[-1])
    return all(list(value)[: len(names)] == names for value in values) and len({*map(len, values[:-1])}) <= 1


def _has_single(values: Iterable[Mapping[str, Any]]) -> bool:
    return any(are_single(list(value.values())) for value in values)


def _has_objects(value: Sequence[Any]) -> bool:
    return any(isinstance(each, dict) for each in value)


def _are_index(names: Iterable[str]) -> bool:
    return all(map(_INDEX.fullmatch, names))


def _are_fields(names: Iterable[str]) -> bool:
    return any(field_of_member(name) or is_about_a_person(name) for name in names)


def _is_list_of_lists(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)
