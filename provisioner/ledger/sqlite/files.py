"""Names the files that belong to a ledger, and tells a ledger from another file."""

import os
from collections.abc import Mapping
from pathlib import Path

from provisioner.ledger.sqlite.create_file import SQLITE_MAGIC, draft_files
from provisioner.ledger.sqlite.database import SATELLITES
from provisioner.ledger.sqlite.lock import lock_path
from provisioner.system.regular_files import open_regular


def files_of_ledger(path: Path) -> Mapping[str, Path]:
    """Return every file that a run with this ledger makes, changes or removes beside it, by what it is."""
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
    """Say whether a file may be a ledger, by its first bytes; opening it tells whether it is."""
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            return stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return False
