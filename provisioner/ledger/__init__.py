"""The durable record of a job: what was planned, what was sent, and what became of it.

The only room that knows SQLite. ``docs/ledger.md`` describes the file to those who query it.
"""

from provisioner.ledger.closures import Closures, is_ledger
from provisioner.ledger.lock import hold_lock
from provisioner.ledger.reader import (
    CreatedRow,
    ErrorCount,
    InvalidRow,
    LedgerReader,
    Orphan,
    RowStatus,
    RunRecord,
    open_reader,
)
from provisioner.ledger.store import SqliteLedger, open_ledger

__all__ = [
    "Closures",
    "CreatedRow",
    "ErrorCount",
    "InvalidRow",
    "LedgerReader",
    "Orphan",
    "RowStatus",
    "RunRecord",
    "SqliteLedger",
    "hold_lock",
    "is_ledger",
    "open_ledger",
    "open_reader",
]
