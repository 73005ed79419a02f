"""The ledger of a run: one SQLite file, one writer thread, one run at a time."""

import asyncio
import json
import os
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Unpack

from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.notes import JobNotes, NoteChanges
from provisioner.ledger.sqlite import queries, shapes
from provisioner.ledger.sqlite.batch import BulkStatement
from provisioner.ledger.sqlite.claim_cursor import ClaimCursor
from provisioner.ledger.sqlite.close_ledger import SqliteCloseLedger
from provisioner.ledger.sqlite.current_run import CurrentRun
from provisioner.ledger.sqlite.message_ledger import SqliteMessageLedger
from provisioner.ledger.sqlite.open import OpenLedgerFile, open_file, open_temporary
from provisioner.ledger.sqlite.plan import write_plan
from provisioner.ledger.sqlite.reader import (
    SqliteLedgerReader,
    open_sqlite_reader,
    read_counts,
    read_fingerprints,
    read_notes,
)
from provisioner.ledger.sqlite.recovery import recover
from provisioner.ledger.sqlite.row_codec import decode_unknown, encode_attempt
from provisioner.ledger.sqlite.shapes import checked_row
from provisioner.ledger.sqlite.writer import Writer, transaction
from provisioner.models import (
    AttemptResult,
    Claim,
    Counts,
    Fingerprint,
    MessageStatus,
    PlanEntry,
    PlanReport,
    Status,
    Step,
    UnknownRow,
)

_RUN = queries.load_queries("run")


_RELEASE = _RUN["release"]


class SqliteLedger:
    """A ``Ledger`` in a file; its methods are described there.

    Every call is done only when what it says is on disk, and raises ``StorageError`` when it cannot be. What was
    asked for happens, in the order it was asked for, whether or not anybody waits. ``is_new`` says that the
    ledger was made just now.
    """

    def __init__(self, opened: OpenLedgerFile, *, version: str) -> None:
        self.path, self.manifest, self.is_new = opened.path, opened.manifest, opened.is_new
        self.location = LedgerLocation(opened.path)
        self._version = version
        self._writer = Writer(opened.connection, opened.path)
        self._current_run = CurrentRun()
        self.messages = SqliteMessageLedger(self._writer, self._current_run)
        self._claim_cursor = ClaimCursor()
        self._changes = 0
        self._counted: tuple[int, Counts] | None = None

    async def plan(
        self,
        entries: Iterable[PlanEntry],
        fingerprints: Sequence[Fingerprint],
        *,
        on_progress: Callable[[int], None] | None = None,
    ) -> PlanReport:
        """Make ``entries`` the plan, merged by key with what is known; they are pulled on the writer thread.

        Whatever they raise is raised here, and the plan before stays. ``on_progress`` is called on the event
        loop with the number of entries read so far.
        """
        is_abandoned = Event()
        loop = asyncio.get_running_loop()

        def report(count: int) -> None:
            if on_progress is not None:
                loop.call_soon_threadsafe(on_progress, count)

        self._changes += 1
        try:
            return await self._writer.call(
                lambda connection: write_plan(
                    connection, entries, fingerprints, on_progress=report, is_cancelled=is_abandoned
                )
            )
        except asyncio.CancelledError:
            is_abandoned.set()
            raise

    async def planned_inputs(self) -> Sequence[Fingerprint] | None:
        """Return the fingerprints of the last complete plan, None when there is none."""
        return await self._writer.call(_planned_inputs)

    async def recover(self) -> int:
        """Make rows that a dead run left in flight *unknown*, with an attempt that says so; return how many.

        So are rows whose message was in flight: they are created, and their message is unknown.
        """
        self._changes += 1
        return await self._writer.call(recover)

    async def start_run(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        limit: int | None = None,
        run_id: str | None = None,
    ) -> str:
        """Record a run that may send what ``set_claimable`` says; return its id."""
        run_id = run_id or secrets.token_hex(4)
        record = (run_id, time.time(), self._version, os.getpid())
        self._current_run.id = await self._writer.call(lambda connection: _start_run(connection, record))
        await self.set_claimable(statuses, messages=messages, limit=limit)
        return run_id

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
        claim_cursor = self._claim_cursor = ClaimCursor(statuses, messages, limit)
        await self._writer.call(claim_cursor.open)

    async def finish_run(self, exit_code: int) -> None:
        """Record that the run has ended, and how."""
        await self._writer.write((_RUN["finish_run"], (time.time(), int(exit_code), self._current_run.id)))

    async def to_send(self) -> int:
        """Return how many rows ``claim`` will still hand out to be created."""
        return self._claim_cursor.left - self._claim_cursor.posts_left

    async def to_post(self) -> int:
        """Return how many created rows ``claim`` will still hand out for their message alone."""
        return self._claim_cursor.posts_left

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Hand out the next rows to send, in input order, each at most once a run; none: all are out."""
        claim_cursor = self._claim_cursor
        if not claim_cursor.left:
            return ()
        return await self._writer.call(lambda connection: claim_cursor.next(connection, limit))

    def begin(self, claim_id: int, identity: str = "", *, owes_message: bool = False) -> asyncio.Future[None]:
        """Record that an attempt for this row, asking for ``identity``, may leave from now on.

        ``owes_message`` says that a first message follows once the row is created, however that is found out.
        """
        self._changes += 1
        message = MessageStatus.PENDING.value if owes_message else None
        return self._writer.write((BulkStatement.BEGIN, (claim_id, identity or None, message)), is_intent=True)

    def settle(self, claim_id: int, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record an attempt's end and the row's status after it; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.CREATE)

    def release(self, claim_ids: Sequence[int]) -> asyncio.Future[None]:
        """Take intents back: nothing was sent for these rows, and they wait as before."""
        self._changes += 1
        return self._writer.write(*((_RELEASE, (claim_id,)) for claim_id in claim_ids))

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownRow]:
        """Return the next unknown rows behind input row ``after``, in input order."""
        return await self._writer.call(
            lambda connection: [
                decode_unknown(line) for line in connection.execute(_RUN["unknown"], (after, limit)).fetchall()
            ]
        )

    async def latest_created(self, *, by_identity: bool) -> UnknownRow | None:
        """Return the row that was created last by an answer of its own, None when there is none yet.

        ``by_identity`` asks for one that can be looked up by its identity.
        """
        asked = {"by_identity": by_identity}
        return await self._writer.call(
            lambda connection: next(
                map(decode_unknown, connection.execute(_RUN["control"], asked).fetchall()), None
            )
        )

    async def trusts_identities(self) -> bool:
        """Say whether Twilio never named a guest otherwise than it was asked to."""
        return not await self._writer.call(
            lambda connection: connection.execute(_RUN["other_identity"]).fetchone()[0]
        )

    async def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return which of these conversations belong to rows already."""
        if not conversation_sids:
            return set()
        asked = json.dumps(list(conversation_sids))
        return await self._writer.call(
            lambda connection: {
                checked_row(shapes.SID, line)[0] for line in connection.execute(_RUN["taken"], (asked,)).fetchall()
            }
        )

    async def resolve(self, claim_id: int, status: Status, evidence: AttemptResult) -> None:
        """Record a look-up for an unknown row and the row's status after it; it counts as no attempt."""
        await self._settle(claim_id, status, evidence, step=Step.LOOKUP)

    async def counts(self) -> Counts:
        """Count the rows of the current input; the answer is kept until something changes."""
        if self._counted is None or self._counted[0] != self._changes:
            changes = self._changes
            self._counted = changes, await self._writer.call(read_counts)
        return self._counted[1]

    async def notes(self) -> JobNotes:
        """Return what earlier runs left for later ones."""
        return await self._writer.call(read_notes)

    async def set_notes(self, **changes: Unpack[NoteChanges]) -> None:
        """Set these notes, all of them or none; the others stay."""
        await self._writer.write(*((_RUN["set_note"], note) for note in changes.items()))

    def reader(self) -> AbstractContextManager[SqliteLedgerReader]:
        """Open a reader with a connection of its own, on any thread."""
        return open_sqlite_reader(self.path)

    def closing(self, *, deletes: bool) -> SqliteCloseLedger:
        """Return the conversations that the job made."""
        return SqliteCloseLedger(self._writer, self._current_run, deletes=deletes)

    async def close(self, cleanup: Callable[[], None]) -> None:
        """Finish what was asked for, then let ``cleanup`` close the file, even when nobody waits for it."""
        await self._writer.call(lambda _: cleanup(), is_last=True)

    def _settle(self, claim_id: int, status: Status, result: AttemptResult, *, step: Step) -> asyncio.Future[None]:
        self._changes += 1
        outcome = encode_attempt(claim_id, self._current_run.id, step.value, result, status.value)
        return self._writer.write((BulkStatement.SETTLE, outcome))


@asynccontextmanager
async def open_sqlite_ledger(
    path: Path | None, settings: Mapping[str, str], *, version: str, synchronous: str = "FULL"
) -> AsyncIterator[SqliteLedger]:
    """Open the file of a job's ledger, or make it; see ``open_ledger``."""
    if path is None:
        opened = await asyncio.to_thread(open_temporary, settings, version=version)
    else:
        opened = await asyncio.to_thread(
            open_file, path, settings, version=version, synchronous=synchronous, is_kept=True
        )
    ledger = SqliteLedger(opened, version=version)
    try:
        yield ledger
    finally:
        await ledger.close(opened.cleanup)


def _planned_inputs(connection: sqlite3.Connection) -> Sequence[Fingerprint] | None:
    planned = connection.execute(_RUN["planned_at"]).fetchone()
    return None if planned is None else read_fingerprints(connection)


def _start_run(connection: sqlite3.Connection, record: tuple[object, ...]) -> int | None:
    with transaction(connection):
        return connection.execute(_RUN["start_run"], record).lastrowid
