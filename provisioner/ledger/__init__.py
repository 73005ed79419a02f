"""Durable record of a job: the planned rows, every request that was sent, and the outcome of each row.

``base`` the protocols for writing · ``messages`` those for messages of created rows · ``settings`` those for
settings of conversations · ``closing`` those for closing conversations · ``reading`` the protocol for reading,
with ``account_reading`` for jobs for many accounts and ``report_reading`` for reports · ``account_figures`` the
figures of these accounts · ``last_runs`` finds runs among those of a job · ``location`` the file or address of a
ledger · ``notes`` values that one run keeps for the next · ``sharing`` and ``worker_ledger`` the protocols of a
run that several processes share · ``open`` opens a ledger of the right kind · ``sqlite`` a SQLite file ·
``postgres`` a schema of a database; ``docs/ledger.md`` documents their tables.
"""

from provisioner.ledger.account_figures import RECENT_S, read_account_figures
from provisioner.ledger.account_reading import AccountReader
from provisioner.ledger.base import Ledger, PlanStore, RowStore, UnknownRowStore, follow_up_counts
from provisioner.ledger.closing import CloseLedger, CloseStore, GuestLedger, OpenConversationStore
from provisioner.ledger.last_runs import last_judged, last_output, last_sending
from provisioner.ledger.location import EMBEDDED, LedgerLocation
from provisioner.ledger.messages import (
    HistoryLedger,
    HistoryStore,
    MessageLedger,
    MessageStore,
    UnknownHistoryStore,
    UnknownMessageStore,
)
from provisioner.ledger.notes import SENDING_COMMANDS, JobNotes, PlanNotes, RunNote, ThresholdNote
from provisioner.ledger.open import (
    find_all_jobs,
    find_ledger_locations,
    find_other_jobs,
    is_ledger,
    open_ledger,
    open_reader,
    open_shared_rates,
    open_worker_ledger,
    rebuild_ledger,
)
from provisioner.ledger.reading import (
    ErrorCount,
    ErrorExample,
    InvalidRow,
    LedgerReader,
    Orphan,
    RowStatus,
    RunActivity,
    RunRecord,
    read_follow_up_counts,
)
from provisioner.ledger.rebuilding import RebuildPlan, RebuildReport
from provisioner.ledger.report_reading import AttemptSpan, CreatedRow, ErroneousRow, ReportReader
from provisioner.ledger.settings import SettingsLedger, SettingsStore
from provisioner.ledger.shared_rate import SharedRate, SharedRates
from provisioner.ledger.sqlite.lock import hold_lock, lock_path
from provisioner.ledger.worker_ledger import WorkerLedger

__all__ = [
    "EMBEDDED",
    "RECENT_S",
    "SENDING_COMMANDS",
    "AccountReader",
    "AttemptSpan",
    "CloseLedger",
    "CloseStore",
    "CreatedRow",
    "ErroneousRow",
    "ErrorCount",
    "ErrorExample",
    "GuestLedger",
    "HistoryLedger",
    "HistoryStore",
    "InvalidRow",
    "JobNotes",
    "Ledger",
    "LedgerLocation",
    "LedgerReader",
    "MessageLedger",
    "MessageStore",
    "OpenConversationStore",
    "Orphan",
    "PlanNotes",
    "PlanStore",
    "RebuildPlan",
    "RebuildReport",
    "ReportReader",
    "RowStatus",
    "RowStore",
    "RunActivity",
    "RunNote",
    "RunRecord",
    "SettingsLedger",
    "SettingsStore",
    "SharedRate",
    "SharedRates",
    "ThresholdNote",
    "UnknownHistoryStore",
    "UnknownMessageStore",
    "UnknownRowStore",
    "WorkerLedger",
    "find_all_jobs",
    "find_ledger_locations",
    "find_other_jobs",
    "follow_up_counts",
    "hold_lock",
    "is_ledger",
    "last_judged",
    "last_output",
    "last_sending",
    "lock_path",
    "open_ledger",
    "open_reader",
    "open_shared_rates",
    "open_worker_ledger",
    "read_account_figures",
    "read_follow_up_counts",
    "rebuild_ledger",
]
