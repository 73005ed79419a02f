"""Reading a ledger, while a run writes it or long after: the protocol of a reader, and the records it gives."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from provisioner.ledger.notes import JobNotes
from provisioner.models import AttemptRecord, Counts, Fingerprint, Manifest, MessageCounts, Problem, Result


class InvalidRow(msgspec.Struct, frozen=True, gc=False):
    """A record that cannot be sent; ``key`` is None where the row's content would have been its key."""

    row: int
    line: int
    source: str
    key: str | None
    problems: tuple[Problem, ...]


class RowStatus(NamedTuple):
    """A row's outcome in short, as the results have it."""

    row: int
    status: str
    error_code: str | None
    error: str | None


class RunRecord(msgspec.Struct, frozen=True, gc=False):
    """One execution of the command; times are Unix seconds, None while it goes and after it was killed."""

    run_id: str
    started: float
    ended: float | None
    exit_code: int | None
    version: str
    pid: int


class CreatedRow(NamedTuple):
    """A created row, with what finds its conversation again."""

    id: int
    row: int
    key: str
    identity: str
    conversation_sid: str


class Orphan(NamedTuple):
    """An attempt that may have left a conversation without a customer; ``row`` is None when the row has vanished.

    ``ended`` is in Unix seconds.
    """

    row: int | None
    key: str
    error_code: str
    ended: float
    twilio_request_id: str | None


class ErrorCount(NamedTuple):
    """How many rows of one status have one error."""

    status: str
    error_code: str
    rows: int


class LedgerReader(Protocol):
    """A read-only look at a ledger, from any thread; an answer that is iterated is of one moment.

    Every method raises ``LedgerError`` for a damaged ledger. A long iteration may keep a run's log from being cut,
    so take what you need and let go.
    """

    @property
    def manifest(self) -> Manifest:
        """What the ledger belongs to; raise ``LedgerError`` where no job was begun in it."""
        ...

    def counts(self) -> Counts:
        """Count the rows of the current input; pending and in flight are counted as such."""
        ...

    def message_counts(self) -> MessageCounts:
        """Count the first messages of the current input's created rows."""
        ...

    def fingerprints(self) -> Sequence[Fingerprint]:
        """Return what the input files were when they were planned; none before the first plan."""
        ...

    def notes(self) -> JobNotes:
        """Return what earlier runs left for later ones."""
        ...

    def asked(self) -> dict[str, str]:
        """Return what the last run was asked for besides the job's settings; nothing before the first one."""
        ...

    def require_sids(self) -> None:
        """Raise ``LedgerError`` where a created row does not name its conversation by a SID."""
        ...

    def results(self) -> Iterator[Result]:
        """Yield a line for every record of the current input, in its order.

        A row whose turn has not come is *unsent* (``stopped``), one in flight *unknown* (``interrupted``).
        """
        ...

    def statuses(self) -> Iterator[RowStatus]:
        """Yield the short form of ``results``."""
        ...

    def error_counts(self) -> Sequence[ErrorCount]:
        """Count the errors in the results, the most frequent first."""
        ...

    def attempts(self, step: str, *, since_run: int = 0) -> Iterator[AttemptRecord]:
        """Yield every request of one step (``create`` or ``message``), in the order they ended.

        ``since_run`` omits those of runs before that one; see ``last_run``.
        """
        ...

    def last_run(self) -> int:
        """Return the number of the run that came last, 0 where there was none."""
        ...

    def created(self) -> Iterator[CreatedRow]:
        """Yield the created rows of the current input, in its order."""
        ...

    def shared(self) -> set[str]:
        """Return the SIDs of conversations that more than one created row was recorded with."""
        ...

    def orphans(self) -> Sequence[Orphan]:
        """Return the attempts that may have left a conversation without a customer, the first one first."""
        ...

    def runs(self) -> Sequence[RunRecord]:
        """Return every execution of the command, the first one first."""
        ...

    def invalid(self, limit: int | None = None) -> Iterator[InvalidRow]:
        """Yield the records that cannot be sent, at most ``limit``, in input order."""
        ...

    def is_held(self) -> bool:
        """Say whether a run writes this ledger now."""
        ...
