"""Keeps files of earlier jobs and of the user under another name, where a run would write its own."""

import filecmp
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from provisioner.errors import StorageError
from provisioner.ledger import JobNotes
from provisioner.results import STDOUT
from provisioner.results.outputs import Outputs, file_stamp
from provisioner.results.recognition import has_own_form, holds_failed_rows, is_results_file
from provisioner.system.os_errors import os_reason


def keep_file(path: Path, moment: datetime) -> Path:
    """Rename a file and return its new path, which has ``moment`` in its name. No file is replaced.

    Raise ``StorageError`` when it cannot be renamed.
    """
    kept = _free_name(path, moment)
    try:
        path.rename(kept)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be kept as {kept.name}: {os_reason(error)}", cure="move it, and run the command again"
        ) from error
    return kept


@contextmanager
def edited_files_kept(outputs: Outputs, notes: JobNotes, moment: datetime) -> Iterator[list[str]]:
    """Keep results and ``--failed`` files that are not as the job wrote them last, while they are written anew.

    Somebody has edited them, or another job wrote them. Results that the job did not write, such as an earlier
    export, count as edited when their header is not the one that would be written now. ``notes`` has the stamps of
    the files as the job wrote them last. Yield a list, to which a note about each kept file is added at the end;
    one that turns out to be the same as before is not kept. Raise ``StorageError`` when a file cannot be renamed.
    Blocks.
    """
    told: list[str] = []
    kept = {path: keep_file(path, moment) for path in _edited(outputs, notes)}
    try:
        yield told
    except BaseException:
        for path, name in kept.items():
            if not path.exists():
                name.rename(path)
        raise
    for path, name in kept.items():
        if filecmp.cmp(path, name, shallow=False):
            name.unlink()
        else:
            why = "it was edited, or is of another job"
            told.append(f"{path} was not as this job wrote it last: {why}; kept as {name.name}")


def _edited(outputs: Outputs, notes: JobNotes) -> Iterator[Path]:
    if outputs.path != STDOUT and _are_edited(outputs, notes.output or ""):
        yield outputs.path
    failed = outputs.failed
    if failed is not None and file_stamp(failed) != notes.failed and holds_failed_rows(failed):
        yield failed


def _are_edited(outputs: Outputs, last_stamp: str) -> bool:
    stamp = file_stamp(outputs.path)
    if not stamp or stamp == last_stamp or not is_results_file(outputs.path):
        return False
    is_jobs_own = last_stamp.rpartition(" ")[0].rpartition(" ")[0] == outputs.path.name
    return is_jobs_own or not has_own_form(outputs.path, has_more=outputs.has_further_columns)


def _free_name(path: Path, moment: datetime) -> Path:
    """Return a name in the same folder that no file has."""
    stem, number = f"{path.stem}.before-{moment:%Y-%m-%dT%H%M%S}", 1
    name = path.with_name(f"{stem}{path.suffix}")
    while name.is_symlink() or name.exists():
        number += 1
        name = path.with_name(f"{stem}-{number}{path.suffix}")
    return name
