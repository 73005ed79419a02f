"""The columns by which the tables that this program writes are known."""

from collections.abc import Iterable, Sequence

from .jobs import Result

RESULT_COLUMNS: tuple[str, ...] = Result.__struct_fields__
"""The columns that a results file begins with; the input's own may follow."""
FAILED_COLUMNS = ("_status", "_error_code", "_error")
"""The columns that ``--failed`` adds to the input's own."""


def are_result_columns(columns: Sequence[str]) -> bool:
    """Say whether a table with these columns is a results file: all of ours come first, in their order."""
    return tuple(columns[: len(RESULT_COLUMNS)]) == RESULT_COLUMNS


def are_failed_columns(columns: Iterable[str]) -> bool:
    """Say whether a table with these columns was written by ``--failed``, whatever somebody added to it since."""
    return {*columns}.issuperset(FAILED_COLUMNS)
