"""Finds the ledger that a command names: by its own path, or by that of the results file beside it."""

from pathlib import Path
from shlex import quote

from provisioner.errors import LedgerError
from provisioner.ledger import LedgerLocation, is_ledger
from provisioner.results import can_be_rebuilt_from
from provisioner.results.recognition import is_results_file


def ledger_of(path: Path) -> LedgerLocation:
    """Return the location of the ledger for its own path, or for the path of the job's results file.

    Raise ``LedgerError`` when the results file has no ledger beside it, and when the file is neither.
    """
    location = LedgerLocation.parse(path)
    if is_ledger(location) or path.suffix == ".ledger":
        return location
    beside = LedgerLocation.beside(path)
    if is_ledger(beside):
        return beside
    if not path.exists():
        return location
    if is_results_file(path):
        raise LedgerError(
            f"{path} is a results file, and its ledger {beside} is not there",
            cure=f"put the ledger back beside it, name the ledger where it is{_rebuild(path)}",
        )
    raise LedgerError(
        f"{path} is not a ledger, and it is not a results file either",
        cure="name the ledger of a job, such as results.csv.ledger, or its results file, such as results.csv",
    )


def named_location(path: Path) -> LedgerLocation:
    """Return what ``ledger_of`` does, and for a file that is neither, its own location.

    Raise ``LedgerError`` for a folder.
    """
    location = LedgerLocation.parse(path)
    try:
        return ledger_of(path)
    except LedgerError:
        return location


def _rebuild(path: Path) -> str:
    if not can_be_rebuilt_from(path):
        return ""
    return f", or make it again: add --rebuild-from {quote(str(path))} to the command that made it"
