"""Names of the files that belong to a ledger, and a test whether a file is a SQLite database."""

import os
from collections.abc import Mapping
from pathlib import Path

from provisioner.ledger.sqlite.create_file import SQLITE_MAGIC, draft_files
from provisioner.ledger.sqlite.database import SATELLITES
from provisioner.ledger.sqlite.lock import lock_path
from provisioner.system.regular_files import open_regular


def files_of_ledger(path: Path) -> Mapping[str, Path]:
    """Return the files that a run with this ledger creates, changes or removes: dict of path by description."""
    real = Path(os.path.realpath(path))
    satellites = {f"the {ending} file of the ledger": Path(f"{real}{ending}") for ending in SATELLITES}
    draft, draft_journal = draft_files(real)
    return {
        "the ledger": path,
        **satellites,
        "the lock of the ledger": lock_path(path),
        "the draft of the ledger": draft,
        "the draft's journal of the ledger": draft_journal,
    }


def is_database(path: Path) -> bool:
    """Return whether a file starts with SQLite's signature. Only opening it shows whether it is a ledger."""
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            return stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return False
