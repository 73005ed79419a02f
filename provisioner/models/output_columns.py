"""The columns by which the tables that this program writes are known."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from .jobs import Result
from .outcomes import Status

Values = list[str] | dict[str, str]
"""A record's texts: along the columns, or by name."""

RESULT_COLUMNS: tuple[str, ...] = Result.__struct_fields__
"""The columns that a results file begins with; the input's own may follow."""
FAILED_COLUMNS = _STATUS, _ERROR_CODE, _ERROR = "_status", "_error_code", "_error"
"""The columns that ``--failed`` adds to the input's own."""


def are_result_columns(columns: Sequence[str]) -> bool:
    """Say whether a table with these columns is a results file: all of ours come first, in their order."""
    return tuple(columns[: len(RESULT_COLUMNS)]) == RESULT_COLUMNS


def are_failed_columns(columns: Iterable[str]) -> bool:
    """Say whether a table with these columns was written by ``--failed``, whatever somebody added to it since."""
    return {*columns}.issuperset(FAILED_COLUMNS)


_FEEDABLE = {"", Status.REJECTED, Status.INVALID}
"""What a row's ``_status`` may say for another job to send it; all else may exist, or may yet be sent."""


def foreign_status_getter(columns: Iterable[str], *, has_dynamic_columns: bool) -> Callable[[Values], str] | None:
    """Return what gives the ``_status`` of a record that belongs to the job that wrote it, and else an empty text.

    None where ``--failed`` did not write a table of these columns; somebody may have taken one of the errors out.
    """
    if has_dynamic_columns:
        return _status_by_name
    places = {name: place for place, name in enumerate(columns)}
    return _StatusAt(places[_STATUS]) if _has_status(places) else None


def _has_status(names: Container[str]) -> bool:
    return _STATUS in names and (_ERROR_CODE in names or _ERROR in names)


def _status_by_name(values: Values) -> str:
    return _foreign(values[_STATUS]) if isinstance(values, dict) and _has_status(values) else ""


@dataclass(frozen=True, slots=True)
class _StatusAt:
    place: int

    def __call__(self, values: Values) -> str:
        return _foreign(values[self.place]) if isinstance(values, list) else ""


def _foreign(status: str) -> str:
    plain = status.strip().casefold()
    return "" if plain in _FEEDABLE else plain
