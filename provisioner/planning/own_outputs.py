"""What this program wrote itself and is given as an input: results are none, rows to fix are."""

from collections.abc import Iterator, Sequence
from shlex import quote

from provisioner.errors import InputError
from provisioner.models import Problem, Status
from provisioner.models.output_columns import (
    ACCOUNT_COLUMNS,
    FAILED_COLUMNS,
    TO_CLOSE,
    TO_REBUILD,
    are_result_columns,
    have_columns,
)
from provisioner.options.shell_command import ledger_command
from provisioner.sources import Source

_STATUSES = frozenset(Status)
_PLAIN = {"utf-8", "utf-8-sig", "ascii"}
"""Encodings in which results are read back."""


def require_no_results(sources: Sequence[Source]) -> None:
    """Raise ``InputError`` for a source that is a results file."""
    for source in sources:
        columns = source.first_names or ()
        if are_result_columns(columns):
            raise InputError(
                "is a results file of this program, so its rows were sent already",
                source=source.name,
                cure="to resume, run the original input with the same -o; to fix rows, feed in the --failed file "
                "with an -o of its own; "
                f"to use the results, {'; or '.join(_uses(source, columns))}",
            )


def _uses(source: Source, columns: Sequence[str]) -> Iterator[str]:
    """Yield what can be done with results as they were saved."""
    detection = source.detection
    is_plain = detection.format.value in {"csv", "jsonl"} and detection.encoding.value in _PLAIN
    if not (is_plain and have_columns(columns, TO_CLOSE)):
        yield "save them as CSV UTF-8 with all their columns, and see 'provisioner close --help'"
        return
    yield ledger_command("close", source.name)
    if have_columns(columns, TO_REBUILD) and not have_columns(columns, {ACCOUNT_COLUMNS[-1]}):
        yield f"add --rebuild-from {quote(source.name)} to the command of a job that has lost its ledger"


def belongs_elsewhere(status: str) -> Problem:
    """Return why a row with this ``_status`` of ``--failed`` is not sent; a text that is none is not repeated."""
    if status in _STATUSES:
        reason = f"is {status} in the job that wrote it, and only that job's own command may send it"
    else:
        reason = "has a status that is none: leave it as it was, or empty"
    return Problem("", FAILED_COLUMNS[0], f"{FAILED_COLUMNS[0]}: {reason}")
