"""Ledger in one SQLite file, written by one thread, and held by one run at a time."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Unpack

from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.notes import JobNotes, NoteChanges, RunNote
from provisioner.ledger.row_codec import encode_attempt, encode_created, encode_run_note
from provisioner.ledger.sqlite import queries, wal
from provisioner.ledger.sqlite.batch import BulkStatement
from provisioner.ledger.sqlite.claim_cursor import ClaimCursor
from provisioner.ledger.sqlite.close_ledger import SqliteCloseLedger
from provisioner.ledger.sqlite.counts import read_counts
from provisioner.ledger.sqlite.current_run import CurrentRun, add_run
from provisioner.ledger.sqlite.history_ledger import SqliteHistoryLedger
from provisioner.ledger.sqlite.job_facts import read_notes, read_planned_inputs
from provisioner.ledger.sqlite.message_ledger import SqliteMessageLedger
from provisioner.ledger.sqlite.open import OpenLedgerFile, open_file, open_temporary
from provisioner.ledger.sqlite.plan import write_plan
from provisioner.ledger.sqlite.reader import SqliteLedgerReader, open_sqlite_reader
from provisioner.ledger.sqlite.recovery import recover
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.settings_ledger import SqliteSettingsLedger
from provisioner.ledger.sqlite.unknown_rows import (
    has_other_identity,
    read_assigned,
    read_latest_created,
    read_unknown,
)
from provisioner.ledger.sqlite.writer import Writer
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

_RUN = queries.load_queries("run")


class SqliteLedger:
    """``Ledger`` in a SQLite file; ``Ledger`` documents the methods.

    Every awaitable completes when its write is on disk, and raises ``StorageError`` when the write fails. Writes
    are executed in the order in which they were requested, also when the caller does not wait for them.
    ``is_new`` is True when the ledger was created just now. Views of it share ``writer`` and ``current_run``.
    """

    def __init__(
        self,
        opened: OpenLedgerFile,
        writer: Writer,
        current_run: CurrentRun,
        scope: SqliteRowScope = ALL_ROWS,
        *,
        version: str,
    ) -> None:
        self.path, self.manifest, self.is_new = opened.path, opened.manifest, opened.is_new
        self.location = LedgerLocation(opened.path)
        self.shared = None
        self._opened, self._version = opened, version
        self._writer, self._current_run, self._scope = parts = writer, current_run, scope
        self.messages, self.settings = SqliteMessageLedger(*parts), SqliteSettingsLedger(*parts)
        self.histories = SqliteHistoryLedger(*parts)
        self._claim_cursor = ClaimCursor(scope=scope)
        self._counted: tuple[int, Counts] | None = None

    def of_account(self, account_sid: str) -> "SqliteLedger":
        """Return a view of the rows of one account; see ``Ledger.of_account``."""
        scope = SqliteRowScope(account_sid)
        return SqliteLedger(self._opened, self._writer, self._current_run, scope, version=self._version)

    async def plan(
        self,
        entries: Iterable[PlanEntry],
        fingerprints: Sequence[Fingerprint],
        *,
        on_progress: Callable[[int], None] | None = None,
        on_replaced: Callable[[ReplacedInput], None] | None = None,
    ) -> PlanReport:
        """Replace the plan by ``entries``; an entry whose key is known refers to the known row.

        ``entries`` is consumed, and ``on_replaced`` is called, on the writer thread; see ``PlanStore.plan``.
        """
        is_abandoned, loop = Event(), asyncio.get_running_loop()
        tell = on_progress or (lambda _: None)

        def report(count: int) -> None:
            loop.call_soon_threadsafe(tell, count)

        self._current_run.changes += 1
        try:
            plan = partial(write_plan, entries=entries, fingerprints=fingerprints, on_replaced=on_replaced)
            planned = await self._writer.call(partial(plan, on_progress=report, is_cancelled=is_abandoned))
        except asyncio.CancelledError:
            is_abandoned.set()
            raise
        self._counted = self._current_run.changes, planned.counts
        return planned

    async def planned_inputs(self) -> Sequence[Fingerprint] | None:
        """Return the fingerprints of the inputs of the last complete plan, None when there is no such plan."""
        return await self._writer.call(read_planned_inputs)

    async def recover(self) -> int:
        """Mark rows that a killed run left in flight as *unknown* and return their number.

        An attempt with error code ``interrupted`` is recorded for each. A created row whose message was in flight
        stays created; its message becomes unknown, and the row is included in the number.
        """
        recovered = await self._writer.call(recover)
        self._current_run.changes += bool(recovered)
        return recovered

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
        record = (run_id, time.time(), self._version, os.getpid())
        if not self.is_new:  # from here on the file depends on its log; one that was only read keeps its bytes
            await self._writer.call(wal.checkpoint)
        self._current_run.id = await self._writer.call(lambda connection: add_run(connection, record))
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
        claim_cursor = self._claim_cursor = ClaimCursor(statuses, messages, settings, limit, scope=self._scope)
        await self._writer.call(claim_cursor.open)

    async def set_run_note(self, note: RunNote) -> None:
        """Store the note of the run that was started last; it replaces an earlier note of that run."""
        await self._writer.write((_RUN["set_note"], (f"run:{self._current_run.id}", encode_run_note(note))))

    async def finish_run(self, exit_code: int) -> None:
        """Record that the run has ended with this exit code."""
        await self._writer.write((_RUN["finish_run"], (time.time(), int(exit_code), self._current_run.id)))

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
        return await self._writer.call(lambda connection: claim_cursor.next(connection, limit))

    def begin(
        self, claim_id: int, identity: str = "", *, owes_message: bool = False, owes_settings: bool = False
    ) -> asyncio.Future[None]:
        """Record the intent to create this row with ``identity``, and what it owes then; see ``RowStore``."""
        self._current_run.changes += 1
        owed = "pending" if owes_message else None, "pending" if owes_settings else None
        return self._writer.write_row(BulkStatement.BEGIN, (claim_id, identity or None, *owed))

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the row's status after it; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.CREATE)

    def settle_created(
        self, claim_id: int, result: AttemptResult, *, may_share: bool
    ) -> asyncio.Future[SharedConversation | None]:
        """Record that Twilio named a conversation for the row, unless it is another row's; see ``RowStore``."""
        self._current_run.changes += 1
        outcome = encode_created(claim_id, self._current_run.id, result, may_share=may_share)
        return self._writer.write_row(BulkStatement.SETTLE_CREATED, outcome)

    def release(self, claim_ids: Sequence[int]) -> asyncio.Future[None]:
        """Cancel the intents of these rows, because no request was sent. Their status is what it was before."""
        self._current_run.changes += 1
        return self._writer.write(*((_RUN["release"], (claim_id,)) for claim_id in claim_ids))

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownRow]:
        """Return the next unknown rows after input row number ``after``, at most ``limit``, in input order."""
        return await self._writer.call(lambda connection: read_unknown(connection, self._scope, after, limit))

    async def latest_created(self, *, by_identity: bool) -> UnknownRow | None:
        """Return the most recent row that Twilio's own reply reported as created, None if there is none.

        With ``by_identity``, consider only rows that can be looked up by their identity.
        """
        return await self._writer.call(partial(read_latest_created, scope=self._scope, by_identity=by_identity))

    async def trusts_identities(self) -> bool:
        """Return whether every identity in Twilio's replies was the one that was requested."""
        return not await self._writer.call(partial(has_other_identity, scope=self._scope))

    async def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return those of the given SIDs whose conversations already belong to a row."""
        if not conversation_sids:
            return set()
        return await self._writer.call(lambda connection: read_assigned(connection, conversation_sids))

    async def resolve(self, claim_id: int, status: Status, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the row after it."""
        await self._settle(claim_id, status, evidence, step=Step.LOOKUP)

    async def counts(self) -> Counts:
        """Return the number of rows of the current input by status, cached until a row changes."""
        changes = self._current_run.changes
        if self._counted is None or self._counted[0] != changes:
            self._counted = changes, await self._writer.call(partial(read_counts, scope=self._scope))
        return self._counted[1]

    async def notes(self) -> JobNotes:
        """Return the notes that earlier runs stored."""
        return await self._writer.call(read_notes)

    async def set_notes(self, **changes: Unpack[NoteChanges]) -> None:
        """Store these notes in one transaction; other notes are not changed."""
        await self._writer.write(*((_RUN["set_note"], note) for note in changes.items()))

    def reader(self) -> AbstractContextManager[SqliteLedgerReader]:
        """Return a context manager for a read-only view with its own connection, usable on any thread.

        Entering raises ``LedgerError`` when the ledger cannot be read.
        """
        return open_sqlite_reader(self.path)

    def closing(self, *, deletes: bool, service_sid: str = "") -> SqliteCloseLedger:
        """Return access to the conversations that the job created; see ``Ledger.closing``."""
        return SqliteCloseLedger(
            self._writer, self._current_run, self._scope, deletes=deletes, service_sid=service_sid
        )

    async def close(self, cleanup: Callable[[], None]) -> None:
        """Execute the requested writes, then call ``cleanup`` on the writer thread, which closes the file.

        Cancelling the caller does not cancel this.
        """
        await self._writer.call(lambda _: cleanup(), is_last=True)

    def _settle(self, claim_id: int, status: Status, result: AttemptResult, *, step: Step) -> asyncio.Future[None]:
        self._current_run.changes += 1
        outcome = encode_attempt(claim_id, self._current_run.id, step.value, result, status.value)
        return self._writer.write_row(BulkStatement.SETTLE, outcome)


@asynccontextmanager
async def open_sqlite_ledger(
    path: Path | None,
    settings: Mapping[str, str],
    *,
    version: str,
    synchronous: str = "FULL",
    replaces_unsent: bool = False,
) -> AsyncIterator[SqliteLedger]:
    """Open or create a SQLite ledger; see ``open_ledger``. ``synchronous`` is SQLite's PRAGMA; FULL is durable."""
    kept = partial(open_file, path, synchronous=synchronous, replaces_unsent=replaces_unsent) if path else None
    opened = await asyncio.to_thread(kept or open_temporary, settings, version=version)
    ledger = SqliteLedger(opened, Writer(opened.connection, opened.path), CurrentRun(), version=version)
    try:
        yield ledger
    finally:
        await ledger.close(opened.cleanup)
