"""What this program wrote itself and is given as an input: results are none, rows to fix are."""

from collections.abc import Sequence
from shlex import quote

from provisioner.errors import InputError
from provisioner.models import Problem, Status
from provisioner.models.output_columns import FAILED_COLUMNS, are_result_columns
from provisioner.options.shell_command import ledger_command
from provisioner.sources import Source, first_names

_STATUSES = frozenset(Status)


def require_no_results(sources: Sequence[Source]) -> None:
    """Raise ``InputError`` for a source that is a results file."""
    for source in sources:
        if are_result_columns(first_names(source) or ()):
            raise InputError(
                "is a results file of this program, so its rows were sent already",
                source=source.name,
                cure="to resume, run the original input with the same -o; to fix rows, feed in the --failed file; "
                f"to use the results, {ledger_command('close', source.name)}; or add --rebuild-from "
                f"{quote(source.name)} to the command of a job that has lost its ledger",
            )


def belongs_elsewhere(status: str) -> Problem:
    """Return why a row with this ``_status`` of ``--failed`` is not sent; a text that is none is not repeated."""
    if status in _STATUSES:
        reason = f"is {status} in the job that wrote it, and only that job's own command may send it"
    else:
        reason = "has a status that is none: leave it as it was, or empty"
    return Problem("", FAILED_COLUMNS[0], f"{FAILED_COLUMNS[0]}: {reason}")
