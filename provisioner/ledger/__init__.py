"""The durable record of a job: what was planned, what was sent, and what became of it.

``base`` and ``reading`` the protocols · ``location`` where a ledger is · ``notes`` what it keeps for a later run ·
``open`` chooses the kind · ``sqlite`` the kind there is, which ``docs/ledger.md`` describes to those who query it.
"""

from provisioner.ledger.base import (
    CloseLedger,
    CloseStore,
    Ledger,
    MessageLedger,
    MessageStore,
    PlanStore,
    RowStore,
    UnknownMessageStore,
    UnknownRowStore,
)
from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.notes import JobNotes
from provisioner.ledger.open import is_ledger, open_ledger, open_reader
from provisioner.ledger.reading import (
    CreatedRow,
    ErrorCount,
    InvalidRow,
    LedgerReader,
    Orphan,
    RowStatus,
    RunRecord,
)
from provisioner.ledger.sqlite.lock import hold_lock, lock_path

__all__ = [
    "CloseLedger",
    "CloseStore",
    "CreatedRow",
    "ErrorCount",
    "InvalidRow",
    "JobNotes",
    "Ledger",
    "LedgerLocation",
    "LedgerReader",
    "MessageLedger",
    "MessageStore",
    "Orphan",
    "PlanStore",
    "RowStatus",
    "RowStore",
    "RunRecord",
    "UnknownMessageStore",
    "UnknownRowStore",
    "hold_lock",
    "is_ledger",
    "lock_path",
    "open_ledger",
    "open_reader",
]
