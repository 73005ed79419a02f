"""What every kind of ledger does, as protocols: small ones for those who need a part, ``Ledger`` for all of it.

Every awaitable is done when what it says is durable. Writes become durable in the order in which they were asked
for, whether or not anybody waits for them, and raise ``StorageError`` where they cannot.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, Unpack

from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.notes import JobNotes, NoteChanges
from provisioner.ledger.reading import LedgerReader
from provisioner.models import (
    AttemptResult,
    Claim,
    Counts,
    Fingerprint,
    Manifest,
    MessageCounts,
    MessageStatus,
    PlanEntry,
    PlanReport,
    Status,
    UnknownMessage,
    UnknownRow,
)
from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation


class MessageStore(Protocol):
    """The durable record of the first messages of created rows, which stay created whatever becomes of those.

    It keeps one order with that of the rows.
    """

    def begin(self, claim_id: int) -> Awaitable[None]:
        """Record that the message of this row may leave from now on."""
        ...

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record an attempt's end and the message's status after it.

        ``PENDING`` means another attempt follows in this run; the intent has to be begun again.
        """
        ...

    def release(self, claim_id: int) -> Awaitable[None]:
        """Take an intent back: nothing was sent, and the message waits."""
        ...

    def drop(self, claim_id: int) -> Awaitable[None]:
        """Record that the input asks for no message any more; one that may have been posted stays as it is."""
        ...


class UnknownMessageStore(Protocol):
    """What looking for messages asks of the ledger."""

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownMessage]:
        """Return the next messages that nobody knows about behind input row ``after``, in input order."""
        ...

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record a look at a conversation and the message's status after it; it counts as no attempt."""
        ...


class MessageLedger(MessageStore, UnknownMessageStore, Protocol):
    """Everything about the first messages of a job."""

    async def counts(self) -> MessageCounts:
        """Count the first messages of the current input's created rows."""
        ...


class RowStore(Protocol):
    """What sending asks of the ledger: rows, the intent to send one, and what became of it.

    Cancelling the caller does not cancel the write.
    """

    @property
    def messages(self) -> MessageStore:
        """The first messages of its rows."""
        ...

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Hand out the next rows to send, in input order, each at most once a run; none: all are out."""
        ...

    def begin(self, claim_id: int, identity: str = "", *, owes_message: bool = False) -> Awaitable[None]:
        """Record that an attempt for this row, asking for ``identity``, may leave from now on.

        ``owes_message`` says that a first message follows once the row is created, however that is found out.
        """
        ...

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record an attempt's end and the row's status after it.

        ``PENDING`` means another attempt follows in this run; the row's intent has to be begun again.
        """
        ...

    def release(self, claim_ids: Sequence[int]) -> Awaitable[None]:
        """Take intents back: nothing was sent for these rows, and they wait as before."""
        ...


class UnknownRowStore(Protocol):
    """What reconciling asks of the ledger."""

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownRow]:
        """Return the next unknown rows behind input row ``after``, in input order."""
        ...

    async def latest_created(self, *, by_identity: bool) -> UnknownRow | None:
        """Return the row that was created last by an answer of its own, None when there is none yet.

        ``by_identity`` asks for one that can be looked up by its identity.
        """
        ...

    async def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return which of these conversations belong to rows already."""
        ...

    async def resolve(self, claim_id: int, status: Status, evidence: AttemptResult) -> None:
        """Record a look-up for an unknown row and the row's status after it; it counts as no attempt."""
        ...


class CloseStore(Protocol):
    """What closing asks of the ledger."""

    async def left(self, after: int, limit: int) -> Sequence[OpenConversation]:
        """Return the next conversations behind row ``after`` that are not done."""
        ...

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt of this run for a conversation, and what became of it.

        What was not processed, or failed for a fault of the run, leaves it as it was.
        """
        ...


class CloseLedger(CloseStore, Protocol):
    """The conversations that a job made, and what became of them when they were closed or deleted."""

    async def import_conversations(self, conversation_sids: Iterable[str]) -> None:
        """Take over conversations that the job of another ledger made; each is taken once.

        They are pulled on another thread than the event loop's.
        """
        ...

    async def require_sids(self) -> None:
        """Raise ``LedgerError`` where a created row does not name its conversation by a SID."""
        ...

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Count the conversations by what became of them; None is open, as far as is known."""
        ...

    async def duplicates(self) -> int:
        """Return how many rows have further conversations, by what a look-up found."""
        ...

    async def orphans(self) -> int:
        """Return how many attempts may have left a conversation without a customer."""
        ...


class PlanStore(Protocol):
    """What planning asks of the ledger."""

    async def plan(
        self,
        entries: Iterable[PlanEntry],
        fingerprints: Sequence[Fingerprint],
        *,
        on_progress: Callable[[int], None] | None = None,
    ) -> PlanReport:
        """Make ``entries`` the plan, merged by key with what is known; they are pulled on another thread.

        Whatever they raise is raised here, and the plan before stays. ``on_progress`` is called on the event
        loop with the number of entries read so far.
        """
        ...

    async def planned_inputs(self) -> Sequence[Fingerprint] | None:
        """Return the fingerprints of the last complete plan, None when there is none."""
        ...

    async def counts(self) -> Counts:
        """Count the rows of the current input."""
        ...

    async def notes(self) -> JobNotes:
        """Return what earlier runs left for later ones."""
        ...

    async def set_notes(self, **changes: Unpack[NoteChanges]) -> None:
        """Set these notes, all of them or none; the others stay."""
        ...


class Ledger(RowStore, UnknownRowStore, PlanStore, Protocol):
    """The durable record of one job, open for one run."""

    @property
    def location(self) -> LedgerLocation:
        """Where it is, to be told to the user."""
        ...

    @property
    def manifest(self) -> Manifest:
        """What it belongs to."""
        ...

    @property
    def messages(self) -> MessageLedger:
        """The first messages of its rows."""
        ...

    async def recover(self) -> int:
        """Make rows that a dead run left in flight *unknown*, with an attempt that says so; return how many.

        So are rows whose message was in flight: they are created, and their message is unknown.
        """
        ...

    async def start_run(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        limit: int | None = None,
        run_id: str | None = None,
    ) -> str:
        """Record a run that may send what ``set_claimable`` says; return its id."""
        ...

    async def set_claimable(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        limit: int | None = None,
    ) -> None:
        """Let ``claim`` begin again from the first row, with rows of these statuses, at most ``limit``.

        Created rows are among them where their first message has one of the statuses in ``messages``.
        """
        ...

    async def to_send(self) -> int:
        """Return how many rows ``claim`` will still hand out to be created."""
        ...

    async def to_post(self) -> int:
        """Return how many created rows ``claim`` will still hand out for their message alone."""
        ...

    async def finish_run(self, exit_code: int) -> None:
        """Record that the run has ended, and how."""
        ...

    async def trusts_identities(self) -> bool:
        """Say whether Twilio never named a guest otherwise than it was asked to."""
        ...

    def reader(self) -> AbstractContextManager[LedgerReader]:
        """Open a reader of this ledger as it is on disk, on any thread, while the ledger is open."""
        ...

    def closing(self, *, deletes: bool) -> CloseLedger:
        """Return the conversations that the job made; ``deletes``: closed ones are not done, but to be deleted."""
        ...
