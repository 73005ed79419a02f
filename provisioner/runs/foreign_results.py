"""Recognises results files with created rows that a ledger does not know, whose SIDs must not be lost."""

from pathlib import Path

from provisioner.errors import InputError
from provisioner.ledger import LedgerReader
from provisioner.results import STDOUT, read_whole_results
from provisioner.results.recognition import is_results_file
from provisioner.results.samples import created_samples


def has_results(results: Path) -> bool:
    """Return whether there is a results file with at least one row, or one that was edited."""
    try:
        return _is_results_file(results) and next(read_whole_results(results), None) is not None
    except InputError:
        return True  # a results file that was edited
    except OSError:
        return False


def has_rows_of_an_input(results: Path) -> bool:
    """Return whether there is a results file whose first row was in the input when it was written."""
    try:
        first = next(read_whole_results(results), None) if _is_results_file(results) else None
    except (InputError, OSError):
        return False
    return first is not None and first.result.row > 0


def has_unknown_rows(results: Path, reader: LedgerReader) -> bool:
    """Return whether there is a results file with created rows that the ledger does not know.

    Rows from both ends are looked at. A results file that was edited, so that it cannot be read, counts as known.
    """
    try:
        samples = created_samples(results) if _is_results_file(results) else ()
    except (InputError, OSError):
        return False
    known = reader.conversations([key for sample in samples for key in sample.keys])
    unknown = {sid for keys, sid in samples if sid not in {known.get(key) for key in keys}}
    # A spreadsheet program may have changed the keys; searching for the SIDs reads all attempts.
    return bool(unknown) and not unknown <= reader.assigned_conversations(list(unknown))


def _is_results_file(path: Path) -> bool:
    return path != STDOUT and path.is_file() and is_results_file(path)
