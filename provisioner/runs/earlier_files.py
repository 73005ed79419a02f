"""Keeps files of earlier jobs and of the user under another name, where a run would write its own."""

from datetime import datetime
from pathlib import Path

from provisioner.errors import StorageError
from provisioner.results.outputs import Outputs
from provisioner.results.recognition import holds_failed_rows
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


def keep_edited_failed(outputs: Outputs, last_stamp: str | None, moment: datetime) -> tuple[str, ...]:
    """Rename a ``--failed`` file with rows that is not the one the job wrote last; return the notes about it.

    Somebody has fixed rows in it, or another job wrote it. ``last_stamp`` is that of the file as the job wrote it
    last, None or empty when it never did. Blocks. Raise ``StorageError`` when the file cannot be renamed.
    """
    failed = outputs.failed
    if failed is None or outputs.failed_stamp() == last_stamp or not holds_failed_rows(failed):
        return ()
    kept = keep_file(failed, moment)
    return (
        f"{failed} was not as this job wrote it last: it was edited, or is of another job; kept as {kept.name}",
    )


def _free_name(path: Path, moment: datetime) -> Path:
    """Return a name in the same folder that no file has."""
    stem, number = f"{path.stem}.before-{moment:%Y-%m-%dT%H%M%S}", 1
    name = path.with_name(f"{stem}{path.suffix}")
    while name.is_symlink() or name.exists():
        number += 1
        name = path.with_name(f"{stem}-{number}{path.suffix}")
    return name
