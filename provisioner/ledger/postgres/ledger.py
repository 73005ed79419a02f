"""Ledger in a schema of a PostgreSQL database, written by one process at a time."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Unpack

import asyncpg

from provisioner.ledger.notes import JobNotes, NoteChanges, RunNote
from provisioner.ledger.postgres import queries
from provisioner.ledger.postgres.claims import PostgresClaimCursor
from provisioner.ledger.postgres.close_ledger import PostgresCloseLedger
from provisioner.ledger.postgres.commit import Change, ChangeKind, settled
from provisioner.ledger.postgres.fencing import fence
from provisioner.ledger.postgres.history_ledger import PostgresHistoryLedger
from provisioner.ledger.postgres.message_ledger import PostgresMessageLedger
from provisioner.ledger.postgres.parts import LedgerParts
from provisioner.ledger.postgres.plan import EntriesFailed, PlanPass
from provisioner.ledger.postgres.reader import PostgresLedgerReader, open_postgres_reader
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.schema import drop_unused
from provisioner.ledger.postgres.settings_ledger import PostgresSettingsLedger
from provisioner.ledger.postgres.unknown_rows import (
    fetch_assigned,
    fetch_latest_created,
    fetch_unknown,
    shows_other_identity,
)
from provisioner.ledger.row_codec import encode_run_note
from provisioner.ledger.sql_files import read_statements
from provisioner.models import (
    AttemptResult,
    Claim,
    Claimable,
    Counts,
    Fingerprint,
    MessageStatus,
    PlanEntry,
    PlanReport,
    ReplacedInput,
    SettingsStatus,
    SharedConversation,
    Status,
    Step,
    UnknownRow,
)

_RUN = read_statements(__package__, "run")


class PostgresLedger:
    """``Ledger`` in a PostgreSQL schema; ``Ledger`` documents the methods.

    Every awaitable completes when its write is durable at the server. While the server is away, it waits; after
    the longest time that was allowed it raises ``UnreachableError``. It raises ``LedgerBusyError`` when another
    process has opened the ledger since the connection was lost.
    """

    def __init__(self, parts: LedgerParts, scope: PostgresRowScope = ALL_ROWS) -> None:
        self.location, self.manifest = parts.location, parts.manifest
        self._parts, self._scope = parts, scope
        self._address, self._writer, self._current_run = parts.address, parts.writer, parts.current_run
        self.shared = parts.shared
        self.messages = PostgresMessageLedger(self._writer, self._current_run, scope)
        self.histories = PostgresHistoryLedger(self._writer, self._current_run, scope)
        self.settings = PostgresSettingsLedger(self._writer, self._current_run, scope)
        self._claim_cursor = PostgresClaimCursor(scope=scope)
        self._counted: tuple[int, Counts] | None = None

    def of_account(self, account_sid: str) -> "PostgresLedger":
        """Return a view of the rows of one account; see ``Ledger.of_account``."""
        return PostgresLedger(self._parts, PostgresRowScope(account_sid))

    async def plan(
        self,
        entries: Iterable[PlanEntry],
        fingerprints: Sequence[Fingerprint],
        *,
        on_progress: Callable[[int], None] | None = None,
        on_replaced: Callable[[ReplacedInput], None] | None = None,
    ) -> PlanReport:
        """Replace the plan by ``entries``; an entry whose key is known refers to the known row.

        ``entries`` is consumed, and ``on_replaced`` is called, on another thread; see ``PlanStore.plan``.
        """
        self._current_run.changes += 1
        await self.shared.replace()
        plan = PlanPass(self._address, entries, fingerprints, on_progress=on_progress, on_replaced=on_replaced)
        try:
            return await self._writer.call_once(plan.write)
        except EntriesFailed as failed:
            raise failed.error from None
        except asyncio.CancelledError:
            plan.cancel()
            raise

    async def planned_inputs(self) -> Sequence[Fingerprint] | None:
        """Return the fingerprints of the inputs of the last complete plan, None when there is no such plan."""
        return await self._writer.call(queries.planned_sources)

    async def recover(self) -> int:
        """Mark rows that a killed run left in flight as *unknown* and return their number; see ``Ledger.recover``.

        Workers of a shared run may begin nothing more. What live ones have in flight is still theirs.
        """
        self._current_run.changes += 1
        await self.shared.replace()
        last_event = await self._writer.call(lambda connection: connection.fetchval(_RUN["last_event"]))

        async def recovered(connection: asyncpg.Connection) -> int:
            await fence(connection, fences_expired=True)
            await connection.execute(_RUN["recover"])
            return int(await connection.fetchval(_RUN["count_interrupted"], last_event))

        return await self._writer.call(recovered)

    async def start_run(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = None,
        run_id: str | None = None,
    ) -> str:
        """Record the start of a run, call ``set_claimable``, and return the run's ID; see ``Ledger.start_run``."""
        run_id = run_id or secrets.token_hex(4)
        record = (run_id, time.time(), self._parts.version, os.getpid())
        self._current_run.id = await self._writer.call(
            lambda connection: connection.fetchval(_RUN["start_run"], *record)
        )
        await self.set_claimable(statuses, messages=messages, settings=settings, limit=limit)
        return run_id

    async def set_claimable(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = None,
    ) -> None:
        """Make ``claim`` start again at the first row; see ``Ledger.set_claimable``."""
        claim_cursor = self._claim_cursor = PostgresClaimCursor(
            statuses, messages, settings, limit, scope=self._scope
        )
        if self._scope is ALL_ROWS:
            self.shared.selection = claim_cursor
        await self._writer.call(claim_cursor.open)

    async def set_run_note(self, note: RunNote) -> None:
        """Store the note of the run that was started last; it replaces an earlier note of that run."""
        await self._writer.transact((_RUN["set_note"], (f"run:{self._current_run.id}", encode_run_note(note))))

    async def finish_run(self, exit_code: int) -> None:
        """Record that the run has ended with this exit code."""
        await self._writer.transact((_RUN["finish_run"], (time.time(), int(exit_code), self._current_run.id)))

    async def to_send(self) -> int:
        """Return the number of rows that ``claim`` will still return for creation."""
        return self._claim_cursor.left - self._claim_cursor.posts_left

    async def to_post(self) -> int:
        """Return the number of created rows that ``claim`` will still return because they owe what follows."""
        return self._claim_cursor.posts_left

    async def claimable_by_account(self) -> Mapping[str, Claimable]:
        """Return what ``claim`` will still return, by the SID of the account; see ``Ledger``."""
        return await self._writer.call(self._claim_cursor.by_account)

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Return the next rows to send, at most ``limit``, in input order; an empty sequence after the last one.

        Each row is returned at most once after ``set_claimable``.
        """
        claim_cursor = self._claim_cursor
        if not claim_cursor.left:
            return ()
        return await self._writer.call(lambda connection: claim_cursor.next(connection, limit), is_quick=True)

    def begin(
        self, claim_id: int, identity: str = "", *, owes_message: bool = False, owes_settings: bool = False
    ) -> "asyncio.Future[None]":
        """Record the intent to create this row with ``identity``, and what it owes then; see ``RowStore``."""
        self._current_run.changes += 1
        values = (claim_id, identity or None, owes_message, owes_settings)
        return self._writer.write(Change(ChangeKind.BEGIN, values, self._current_run.id))

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> "asyncio.Future[None]":
        """Record the result of an attempt and the row's status after it; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.CREATE)

    def settle_created(
        self, claim_id: int, result: AttemptResult, *, may_share: bool
    ) -> "asyncio.Future[SharedConversation | None]":
        """Record that Twilio named a conversation for the row, unless it is another row's; see ``RowStore``."""
        self._current_run.changes += 1
        values = settled(claim_id, Step.CREATE, Status.CREATED.value, result, is_checked=True)
        return self._writer.write(Change(ChangeKind.SETTLE, values, self._current_run.id, may_share))

    def release(self, claim_ids: Sequence[int]) -> "asyncio.Future[None]":
        """Cancel the intents of these rows, because no request was sent. Their status is what it was before."""
        self._current_run.changes += 1
        run = self._current_run.id
        return self._writer.all_of([Change(ChangeKind.OTHER, (each, "release", None), run) for each in claim_ids])

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownRow]:
        """Return the next unknown rows after input row number ``after``, at most ``limit``, in input order."""
        return await self._writer.call(partial(fetch_unknown, scope=self._scope, after=after, limit=limit))

    async def latest_created(self, *, by_identity: bool) -> UnknownRow | None:
        """Return the most recent row that Twilio's own reply reported as created, None if there is none.

        With ``by_identity``, consider only rows that can be looked up by their identity.
        """
        return await self._writer.call(partial(fetch_latest_created, scope=self._scope, by_identity=by_identity))

    async def trusts_identities(self) -> bool:
        """Return whether every identity in Twilio's replies was the one that was requested."""
        return not await self._writer.call(partial(shows_other_identity, scope=self._scope))

    async def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return those of the given SIDs whose conversations already belong to a row."""
        if not conversation_sids:
            return set()
        return await self._writer.call(partial(fetch_assigned, conversation_sids=conversation_sids))

    async def resolve(self, claim_id: int, status: Status, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the row after it."""
        await self._settle(claim_id, status, evidence, step=Step.LOOKUP)

    async def counts(self) -> Counts:
        """Return the number of rows of the current input by status, cached until a row changes.

        They are read each time once others change rows, too.
        """
        changes = self._current_run.changes
        if self._counted is None or self._counted[0] != changes or self.shared.is_begun:
            self._counted = changes, await self._writer.call(partial(queries.count_rows, scope=self._scope))
        return self._counted[1]

    async def notes(self) -> JobNotes:
        """Return the notes that earlier runs stored."""
        return await self._writer.call(queries.job_notes)

    async def set_notes(self, **changes: Unpack[NoteChanges]) -> None:
        """Store these notes in one transaction; other notes are not changed."""
        await self._writer.transact(*((_RUN["set_note"], note) for note in changes.items()))

    def reader(self) -> AbstractContextManager[PostgresLedgerReader]:
        """Return a context manager for a read-only view with its own connections, usable on any thread.

        Entering raises ``LedgerError`` when the ledger cannot be read.
        """
        return open_postgres_reader(self._address)

    def closing(self, *, deletes: bool, service_sid: str = "") -> PostgresCloseLedger:
        """Return access to the conversations that the job created; see ``Ledger.closing``."""
        return PostgresCloseLedger(
            self._writer, self._current_run, self._scope, deletes=deletes, service_sid=service_sid
        )

    async def close(self, *, drops_unused: bool = False) -> None:
        """Execute the requested writes, then close the connection. Cancelling the caller does not cancel this.

        With ``drops_unused``, a ledger without a plan, a row, a run or a note is deleted.
        """
        if drops_unused:
            unused = self._writer.call_once(lambda connection: drop_unused(connection, self._address))
            unused.add_done_callback(_ignore_failure)
        await self._writer.close()

    def _settle(
        self, claim_id: int, status: Status, result: AttemptResult, *, step: Step
    ) -> "asyncio.Future[None]":
        self._current_run.changes += 1
        values = settled(claim_id, step, status.value, result)
        return self._writer.write(Change(ChangeKind.SETTLE, values, self._current_run.id))


def _ignore_failure(future: "asyncio.Future[None]") -> None:
    if not future.cancelled():
        future.exception()
