"""Protocols that every kind of ledger implements: a small one for each user of a ledger, and ``Ledger`` for all.

Every awaitable completes when its write is durable. Writes become durable in the order in which they were
requested, also when the caller does not wait for them. A write that fails raises ``StorageError``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, Unpack

from provisioner.ledger.closing import CloseLedger
from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.messages import HistoryLedger, HistoryStore, MessageLedger, MessageStore
from provisioner.ledger.notes import JobNotes, NoteChanges, RunNote
from provisioner.ledger.reading import LedgerReader
from provisioner.ledger.settings import SettingsLedger, SettingsStore
from provisioner.models import (
    AttemptResult,
    Claim,
    Claimable,
    Counts,
    Fingerprint,
    FollowUpCounts,
    Manifest,
    MessageStatus,
    PlanEntry,
    PlanReport,
    ReplacedInput,
    SettingsStatus,
    SharedConversation,
    Status,
    UnknownRow,
)

if TYPE_CHECKING:  # a run on one machine does not load it
    from provisioner.ledger.sharing import SharedRun


class RowStore(Protocol):
    """Access to the rows for sending: claim rows, record the intent to send one, and record its outcome.

    Cancelling the caller does not cancel the write.
    """

    @property
    def messages(self) -> MessageStore:
        """The store of the rows' first messages."""
        ...

    @property
    def settings(self) -> SettingsStore:
        """The store of the settings of the rows' conversations."""
        ...

    @property
    def histories(self) -> HistoryStore:
        """The store of the rows' histories."""
        ...

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Return the next rows to send, at most ``limit``, in input order; an empty sequence after the last one.

        Each row is returned at most once after ``set_claimable``.
        """
        ...

    def begin(
        self, claim_id: int, identity: str = "", *, owes_message: bool = False, owes_settings: bool = False
    ) -> Awaitable[None]:
        """Record the intent: from now on, a request that creates this row with ``identity`` may be in flight.

        ``owes_message`` says that a first message has to be posted once the row is known to be created, by the
        reply or by a later look-up; ``owes_settings`` says the same of settings.
        """
        ...

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the status of the row after it.

        ``PENDING`` means that another attempt follows in this run; call ``begin`` again before it.
        """
        ...

    def settle_created(
        self, claim_id: int, result: AttemptResult, *, may_share: bool
    ) -> asyncio.Future[SharedConversation | None]:
        """Record that Twilio named a conversation for the row; the future's result is None for a created row.

        When the conversation belongs to another row already, the row is recorded as unknown, or, with
        ``may_share`` and the same identity in both requests, as created with a note; the result says so.
        """
        ...

    def release(self, claim_ids: Sequence[int]) -> Awaitable[None]:
        """Cancel the intents of these rows, because no request was sent. Their status is what it was before."""
        ...


class UnknownRowStore(Protocol):
    """Access to unknown rows, for reconciling."""

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownRow]:
        """Return the next unknown rows after input row number ``after``, at most ``limit``, in input order."""
        ...

    async def latest_created(self, *, by_identity: bool) -> UnknownRow | None:
        """Return the most recent row that Twilio's own reply reported as created, None if there is none.

        With ``by_identity``, consider only rows that can be looked up by their identity.
        """
        ...

    async def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return those of the given SIDs whose conversations already belong to a row."""
        ...

    async def resolve(self, claim_id: int, status: Status, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the row after it."""
        ...


class PlanStore(Protocol):
    """Access to the plan, for the plan pass over the input."""

    async def plan(
        self,
        entries: Iterable[PlanEntry],
        fingerprints: Sequence[Fingerprint],
        *,
        on_progress: Callable[[int], None] | None = None,
        on_replaced: Callable[[ReplacedInput], None] | None = None,
    ) -> PlanReport:
        """Replace the plan by ``entries``; an entry whose key is known refers to the known row.

        ``entries`` is consumed on another thread. An exception that it raises is raised here, and the old plan
        stays. ``on_progress`` is called on the event loop with the number of entries read so far.
        ``on_replaced`` is called, on the other thread, when the new plan has fewer than a tenth of the rows with
        an outcome that the old plan has, or would create some of these again; see ``ReplacedInput``. An exception
        that it raises is raised here, and the ledger is not changed. The note ``results`` is emptied: the results
        file belongs to the old plan.
        """
        ...

    async def planned_inputs(self) -> Sequence[Fingerprint] | None:
        """Return the fingerprints of the inputs of the last complete plan, None when there is no such plan."""
        ...

    async def counts(self) -> Counts:
        """Return the number of rows of the current input by status."""
        ...

    async def notes(self) -> JobNotes:
        """Return the notes that earlier runs stored."""
        ...

    async def set_notes(self, **changes: Unpack[NoteChanges]) -> None:
        """Store these notes in one transaction; other notes are not changed."""
        ...


class Ledger(RowStore, UnknownRowStore, PlanStore, Protocol):
    """Durable record of one job, open for one run."""

    @property
    def location(self) -> LedgerLocation:
        """The location of this ledger, for messages to the user."""
        ...

    @property
    def manifest(self) -> Manifest:
        """The job that this ledger belongs to."""
        ...

    @property
    def messages(self) -> MessageLedger:
        """The first messages of the rows."""
        ...

    @property
    def settings(self) -> SettingsLedger:
        """The settings of the rows' conversations."""
        ...

    @property
    def histories(self) -> HistoryLedger:
        """The histories of the rows' old chats."""
        ...

    @property
    def shared(self) -> "SharedRun | None":
        """The run that several workers share; None where only one process can write the ledger."""
        ...

    async def recover(self) -> int:
        """Mark rows that a killed run left in flight as *unknown* and return their number.

        An attempt with error code ``interrupted`` is recorded for each. A created row whose message was in flight
        stays created; its message becomes unknown, and the row is included in the number.
        """
        ...

    async def start_run(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = None,
        run_id: str | None = None,
    ) -> str:
        """Record a run's start, call ``set_claimable``, and return the run's ID: ``run_id``, or a new one."""
        ...

    async def set_claimable(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = None,
    ) -> None:
        """Make ``claim`` start again at the first row and return rows of these statuses, at most ``limit`` in all.

        It also returns created rows whose settings have a status in ``settings``, and those whose history, or
        after that the first message, has one in ``messages`` and does not wait for settings.
        """
        ...

    def of_account(self, account_sid: str) -> "Ledger":
        """Return a view of the rows of one account of a job for many; an account without rows is allowed.

        What the view claims, counts, looks for and closes are rows of this account; what it records, its notes,
        runs and readers are the ledger's. Views can be used at the same time, beside each other and the ledger.
        """
        ...

    async def claimable_by_account(self) -> Mapping[str, Claimable]:
        """Return what ``claim`` will still return, by the SID of the account; empty in a job for one account.

        The accounts are in the order of their first rows. With a limit, only the first rows of the whole input
        count, so that each account's share of it is known.
        """
        ...

    async def to_send(self) -> int:
        """Return the number of rows that ``claim`` will still return for creation."""
        ...

    async def to_post(self) -> int:
        """Return the number of created rows that ``claim`` will still return because they owe what follows."""
        ...

    async def set_run_note(self, note: RunNote) -> None:
        """Store the note of the run that was started last; it replaces an earlier note of that run."""
        ...

    async def finish_run(self, exit_code: int) -> None:
        """Record that the run has ended with this exit code."""
        ...

    async def trusts_identities(self) -> bool:
        """Return whether every identity in Twilio's replies was the one that was requested."""
        ...

    def reader(self) -> AbstractContextManager[LedgerReader]:
        """Open a read-only view of the committed content, on any thread, while this ledger is open."""
        ...

    def closing(self, *, deletes: bool, service_sid: str = "") -> CloseLedger:
        """Return access to the conversations that the job created.

        With ``deletes``, a conversation is done when it is deleted; otherwise when it is closed or deleted.
        ``service_sid`` is the service that is asked, empty for the account's default one.
        """
        ...


async def follow_up_counts(ledger: Ledger) -> FollowUpCounts:
    """Return the counts of what follows the creation of rows, for the created rows of the current input."""
    return FollowUpCounts(
        messages=await ledger.messages.counts(),
        history=await ledger.histories.counts(),
        owed_histories=await ledger.histories.owed(),
        settings=await ledger.settings.counts(),
    )
