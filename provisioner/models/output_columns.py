"""The columns by which the tables that this program writes are known."""

from collections.abc import Callable, Container, Iterable

import msgspec

from .jobs import AccountResult, Result
from .outcomes import Status

Values = list[str] | dict[str, str]
"""A record's texts: along the columns, or by name."""

RESULT_COLUMNS: tuple[str, ...] = Result.__struct_fields__
"""The columns that a results file begins with; the input's own may follow."""
ACCOUNT_COLUMNS: tuple[str, ...] = AccountResult.__struct_fields__
"""The same for a job for many accounts: the last one is the account of the row."""
FAILED_COLUMNS = _STATUS, _ERROR_CODE, _ERROR = "_status", "_error_code", "_error"
"""The columns that ``--failed`` adds to the input's own."""

_SPELLING = str.maketrans("", "", "_- \t\xa0")


def folded_name(name: str) -> str:
    """Return what the spellings of a name have in common that spreadsheets and scripts make of it."""
    return name.translate(_SPELLING).casefold()


TO_CLOSE = frozenset({"status", "conversation_sid"})
"""Columns of results without which nobody can tell which conversations there are."""
TO_REBUILD = TO_CLOSE | {"row", "key", "identity", "error_code", "message_sid"}
"""Columns of results without which a rebuilt ledger would not know what may be sent."""

_OUTCOME = {folded_name(name) for name in ("conversation_sid", "status")}
_DISTINCTIVE = {folded_name(name) for name in RESULT_COLUMNS} - _OUTCOME - {"row", "line", "source", "error"}
"""Our names that hardly any other table has beside an outcome."""
_LEAST_DISTINCTIVE = 2


def are_result_columns(columns: Iterable[str]) -> bool:
    """Say whether a table with these columns is a results file, also one that was edited and saved again.

    Their order, their spelling and other columns do not matter. A conversation's SID, a status, and two more of
    our names decide, so that an export with a status and a key of its own is none.
    """
    names = {folded_name(name) for name in columns}
    return names >= _OUTCOME and len(names & _DISTINCTIVE) >= _LEAST_DISTINCTIVE


def have_columns(columns: Iterable[str], needed: Iterable[str]) -> bool:
    """Say whether a table with these columns has the ones that are needed, in any spelling."""
    return {folded_name(name) for name in columns}.issuperset(map(folded_name, needed))


def are_failed_columns(columns: Iterable[str]) -> bool:
    """Say whether a table with these columns was written by ``--failed``, whatever somebody added to it since."""
    return {*columns}.issuperset(FAILED_COLUMNS)


_FEEDABLE = {"", Status.REJECTED, Status.INVALID}
"""What a row's ``_status`` may say for another job to send it; all else may exist, or may yet be sent."""
_OF_A_JOB = {Status.CREATED, Status.UNKNOWN, Status.UNSENT}
"""What a row's ``_status`` says that belongs to a job, also where no column of errors tells whose it is."""


def foreign_status_getter(columns: Iterable[str], *, has_dynamic_columns: bool) -> Callable[[Values], str] | None:
    """Return what gives the ``_status`` of a record that belongs to the job that wrote it, and else an empty text.

    None where ``--failed`` did not write a table of these columns. Where somebody has taken both of the errors
    out, a status that is not one of ours is another system's, and the text is empty.
    """
    if has_dynamic_columns:
        return _status_by_name
    places = {name: place for place, name in enumerate(columns)}
    return _StatusAt(places[_STATUS], has_error=_has_error(places)) if _STATUS in places else None


def _has_error(names: Container[str]) -> bool:
    return _ERROR_CODE in names or _ERROR in names


def _status_by_name(values: Values) -> str:
    if not isinstance(values, dict) or _STATUS not in values:
        return ""
    return _foreign(values[_STATUS], has_error=_has_error(values))


class _StatusAt(msgspec.Struct, frozen=True):
    place: int
    has_error: bool

    def __call__(self, values: Values) -> str:
        return _foreign(values[self.place], has_error=self.has_error) if isinstance(values, list) else ""


def _foreign(status: str, *, has_error: bool) -> str:
    plain = status.strip().casefold()
    is_foreign = plain not in _FEEDABLE if has_error else plain in _OF_A_JOB
    return plain if is_foreign else ""
