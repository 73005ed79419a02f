"""Finds among the runs of a job the last ones that sent rows, were judged, or wrote results. Pure."""

from collections.abc import Sequence

from provisioner.ledger.notes import SENDING_COMMANDS, RunNote
from provisioner.ledger.reading import RunRecord


def last_judged(runs: Sequence[RunRecord]) -> tuple[int, RunNote]:
    """Return number (from 1) and note of the last run that was judged, 0 and an empty note when none was."""
    judged = ((number, run.note) for number, run in reversed([*enumerate(runs, start=1)]) if run.note.thresholds)
    return next(judged, (0, RunNote()))


def last_sending(runs: Sequence[RunRecord]) -> RunNote:
    """Return the note of the last run that sent rows, an empty one when there is none."""
    return next((run.note for run in reversed(runs) if _sends(run.note)), RunNote())


def last_sending_run(runs: Sequence[RunRecord]) -> int:
    """Return the number (from 1) of the last run that sent rows; that of the last run when no note says so."""
    numbers = (number for number, run in reversed([*enumerate(runs, start=1)]) if _sends(run.note))
    return next(numbers, len(runs))


def last_output(runs: Sequence[RunRecord], folder: str) -> str:
    """Return the name of the job's results as seen from ``folder``, empty when it is not known, or stdout."""
    outputs = (run.note.output_from(folder) for run in reversed(runs) if run.note.command in SENDING_COMMANDS)
    return next(filter(None, outputs), "")


def _sends(note: RunNote) -> bool:
    return bool(note.command) and note.command in SENDING_COMMANDS
