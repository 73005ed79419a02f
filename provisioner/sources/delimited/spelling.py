"""Values of a record as they are written in its text, where a value alone does not say so."""

from msgspec import structs

from provisioner.models import Record

from .dialect import Dialect
from .parsing import NULL, raw_fields

QUOTED_EMPTY, ABSENT = "\ufdd0", "\ufdd1"
"""Stand-ins for an empty field in quotes and for one without; Unicode reserves them, so that no text has them."""


def as_written(record: Record, dialect: Dialect) -> Record:
    r"""Return a record whose empty values say how they are written.

    ``\N`` becomes a value again. Where the text tells absent values from empty ones, these are the stand-ins.
    """
    if not record.raw:
        return record
    fields = raw_fields(record.raw.decode(), dialect.delimiter, dialect.quoting)
    if len(fields) != len(record.values):
        return record
    spelt = [value or _empty(field, dialect) for value, field in zip(record.values, fields, strict=True)]
    return structs.replace(record, values=spelt)


def _empty(field: str, dialect: Dialect) -> str:
    written = field.strip()
    if written == NULL:
        return NULL
    if not dialect.tells_nulls:
        return ""
    return QUOTED_EMPTY if written else ABSENT


def with_empty_fields(lines: str) -> str:
    """Return lines of CSV with the fields that the stand-ins in them mean."""
    if QUOTED_EMPTY in lines:
        lines = lines.replace(f'"{QUOTED_EMPTY}"', '""').replace(QUOTED_EMPTY, '""')
    if ABSENT in lines:
        lines = lines.replace(f'"{ABSENT}"', "").replace(ABSENT, "")
    return lines


def without_stand_in(value: str) -> str | None:
    """Return a value for JSON: None for an absent one, also for that of ``as_written``."""
    if value in (ABSENT, NULL):
        return None
    return "" if value == QUOTED_EMPTY else value
