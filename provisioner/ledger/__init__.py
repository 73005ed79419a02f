"""The durable record of a job: what was planned, what was sent, and what became of it.

The only room that knows SQLite. ``docs/ledger.md`` describes the file to those who query it.
"""

from provisioner.ledger.sqlite.close_ledger import CloseLedger, is_ledger
from provisioner.ledger.sqlite.files import close_ledger_path, files_of_ledger
from provisioner.ledger.sqlite.ledger import SqliteLedger, open_ledger
from provisioner.ledger.sqlite.lock import hold_lock, lock_path
from provisioner.ledger.sqlite.reader import (
    CreatedRow,
    ErrorCount,
    InvalidRow,
    LedgerReader,
    Orphan,
    RowStatus,
    RunRecord,
    open_reader,
)

__all__ = [
    "CloseLedger",
    "CreatedRow",
    "ErrorCount",
    "InvalidRow",
    "LedgerReader",
    "Orphan",
    "RowStatus",
    "RunRecord",
    "SqliteLedger",
    "close_ledger_path",
    "files_of_ledger",
    "hold_lock",
    "is_ledger",
    "lock_path",
    "open_ledger",
    "open_reader",
]
