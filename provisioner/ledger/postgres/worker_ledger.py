"""Ledger in a schema of a PostgreSQL database, as one of several workers of a run has it open."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from provisioner.ledger.postgres.errors import translated
from provisioner.ledger.postgres.heartbeat import REPLACED, Heartbeat
from provisioner.ledger.postgres.ledger import PostgresLedger
from provisioner.ledger.postgres.parts import LedgerParts
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.shard_cursor import ShardCursor
from provisioner.ledger.postgres.shared_run import decode_end, encode_end, statuses_of
from provisioner.ledger.sharing import LookUpTask, RunEnd, RunSpec, SendTask, Task, WorkerFigures
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Claim, Counts, MessageStatus, SettingsStatus, Status

_SHARED = read_statements(__package__, "shared")
_POLL_S = 0.5
"""Most seconds until a worker that waits looks again, should a notification be lost."""
_NO_ACCOUNT = -1
"""ID of an account that has no part in the run."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Part of a worker in a run: its number, the run's generation, its number in ``runs``, and its spec.

    ``accounts`` has the IDs of the accounts of the run by SID; in a job for one account, 0 by an empty SID.
    """

    worker: int
    generation: int
    run: int
    spec: RunSpec
    accounts: Mapping[str, int]


class PostgresWorkerLedger(PostgresLedger):
    """``WorkerLedger`` in a PostgreSQL schema; ``WorkerLedger`` documents the methods."""

    def __init__(
        self,
        parts: LedgerParts,
        membership: Membership,
        heartbeat: Heartbeat,
        scope: PostgresRowScope = ALL_ROWS,
    ) -> None:
        super().__init__(parts, scope)
        self.number, self.spec, self.lease = membership.worker, membership.spec, heartbeat.lease
        self._membership, self._heartbeat = membership, heartbeat
        self._account_sid = scope.account_sid or ""
        account = membership.accounts.get(self._account_sid, _NO_ACCOUNT)
        self._run = membership.generation, account
        self._cursor = ShardCursor(membership.worker, *self._run)
        self._changed = heartbeat.watch()
        self._sweep = 0
        self._has_look_ups = False

    @property
    def accounts(self) -> Sequence[str]:
        """The SIDs of the accounts of the run, in the order of the input; none in a job for one account."""
        return [sid for sid in self._membership.accounts if sid]

    def of_account(self, account_sid: str) -> "PostgresWorkerLedger":
        """Return a view of the rows of one account, with tasks of its own; see ``WorkerLedger.of_account``."""
        return PostgresWorkerLedger(self._parts, self._membership, self._heartbeat, PostgresRowScope(account_sid))

    @property
    def failed_elsewhere(self) -> int:
        """Number of rows that failed at the other workers of this run, as of the last beat."""
        return self._heartbeat.failed_elsewhere.get(self._account_sid, 0)

    @property
    def stop(self) -> RunEnd | None:
        """Why the run stops, as of the last beat or notification; None while it goes on."""
        return self._heartbeat.stop_in(self._account_sid)

    def set_figures(self, figures: WorkerFigures) -> None:
        """Store these figures with the next beat."""
        self._heartbeat.figures = figures

    async def next_task(self) -> Task:
        """Wait until there is something to do, and return it."""
        if self._cursor.has_shard:
            await self.give_back()
        changed, self._has_look_ups = self._changed, False
        while True:
            changed.clear()
            if (task := await self._task()) is not None:
                return task
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await changed.wait()

    async def claim(self, limit: int) -> Sequence[Claim]:
        """Return the next rows of this worker's shards, at most ``limit``; an empty sequence when none is free."""
        return await self._writer.call(lambda connection: self._cursor.next(connection, limit), is_quick=True)

    async def pass_canary(self) -> None:
        """Record that the first rows were not all refused, so that the other rows are handed out."""
        await self._execute("pass_canary", self.number, *self._run)

    async def give_back(self) -> None:
        """Give up the shards of this worker: their rows are settled, and others may take those that are not."""
        self._cursor.forget()
        _, account = self._run
        is_left = True
        while is_left:
            is_left = await self._writer.call(
                lambda connection: connection.fetchval(_SHARED["give_back"], self.number, account), is_quick=True
            )

    async def open_sweep(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
    ) -> int:
        """Hand out the rows with these statuses once more; return how many there are under the run's limit."""
        self._has_look_ups = False
        values = (self.number, *self._run, self._sweep, *statuses_of(statuses, messages, settings))
        return int(await self._writer.call(lambda connection: connection.fetchval(_SHARED["open_sweep"], *values)))

    async def end_run(self, end: RunEnd) -> None:
        """End the run for all of its workers, a view that in its account only; the first end counts."""
        generation, account = self._run
        where = None if self._scope is ALL_ROWS else account
        await self._execute("end_run", self.number, generation, where, encode_end(end))

    async def to_send(self) -> int:
        """Return 0: how many rows this worker will take is not known."""
        return 0

    async def to_post(self) -> int:
        """Return 0: how many rows this worker will take is not known."""
        return 0

    async def counts(self) -> Counts:
        """Return the number of rows of the current input by status, as all workers have left them.

        They are cached until a row changes while this worker has the look-ups: then nobody else changes any.
        """
        if not self._has_look_ups:
            self._counted = None
        return await super().counts()

    async def close(self, *, drops_unused: bool = False) -> None:
        """Execute the requested writes, give up the lease, then close the connection."""
        if self.lease.error is None:
            self._heartbeat.is_leaving = True
            self._execute("leave", self.number).add_done_callback(_ignore_failure)
        await super().close(drops_unused=drops_unused)

    def _execute(self, name: str, *values: object) -> "asyncio.Future[str]":
        return self._writer.call(lambda connection: connection.execute(_SHARED[name], *values), is_quick=True)

    async def _task(self) -> Task | None:
        standing = await self._writer.call(
            lambda connection: connection.fetchrow(_SHARED["standing"], *self._run), is_quick=True
        )
        if standing is None:
            return RunEnd()
        is_replaced, ended = standing
        with translated(self._address):
            end = decode_end(ended)
        if end is not None or is_replaced:
            return end or REPLACED
        shard = await self._writer.call(self._cursor.take, is_quick=True)
        if shard is not None:
            return SendTask(is_canary=shard.is_canary, to_send=shard.to_send)
        line = await self._writer.call(
            lambda connection: connection.fetchrow(_SHARED["take_look_up"], self.number, *self._run),
            is_quick=True,
        )
        if line is None:
            return None
        self._sweep, wait_s = line
        self._has_look_ups = True
        return LookUpTask(wait_s=wait_s, number=self._sweep)


def _ignore_failure(future: "asyncio.Future[str]") -> None:
    if not future.cancelled():
        future.exception()
