"""Names the files that belong to a ledger."""

import os
from collections.abc import Mapping
from pathlib import Path

from provisioner.ledger.sqlite.create_file import draft_files
from provisioner.ledger.sqlite.database import SATELLITES
from provisioner.ledger.sqlite.lock import lock_path


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


def close_ledger_path(results: Path) -> Path:
    """Return the ledger in which ``close`` remembers what became of the conversations of a results file."""
    return Path(f"{results}.close.ledger")
