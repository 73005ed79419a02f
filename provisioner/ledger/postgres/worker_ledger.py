"""Ledger in a schema of a PostgreSQL database, as one of several workers of a run has it open."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.postgres import queries
from provisioner.ledger.postgres.errors import translated
from provisioner.ledger.postgres.heartbeat import REPLACED, Heartbeat
from provisioner.ledger.postgres.lease import PostgresLease
from provisioner.ledger.postgres.ledger import PostgresLedger
from provisioner.ledger.postgres.parts import LedgerParts
from provisioner.ledger.postgres.session import Session
from provisioner.ledger.postgres.shard_cursor import ShardCursor
from provisioner.ledger.postgres.shared_run import decode_end, encode_end, statuses_of
from provisioner.ledger.sharing import LookUpTask, RunEnd, RunSpec, SendTask, Task, WorkerFigures
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Claim, Counts, Manifest, MessageStatus, SettingsStatus, Status

_SHARED = read_statements(__package__, "shared")
_POLL_S = 0.5
"""Most seconds until a worker that waits looks again, should a notification be lost."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Part of a worker in a run: its number, the run's generation, its number in ``runs``, and its spec."""

    worker: int
    generation: int
    run: int
    spec: RunSpec


class PostgresWorkerLedger(PostgresLedger):
    """``WorkerLedger`` in a PostgreSQL schema; ``WorkerLedger`` documents the methods."""

    def __init__(
        self,
        location: LedgerLocation,
        session: Session,
        manifest: Manifest,
        membership: Membership,
        lease: PostgresLease,
        *,
        version: str,
        give_up_s: float,
    ) -> None:
        parts = LedgerParts.of_session(session, version=version, give_up_s=give_up_s)
        super().__init__(location, manifest, parts)
        self.number, self.spec, self.lease = membership.worker, membership.spec, lease
        self._generation, self._current_run.id = membership.generation, membership.run
        self._writer.on_stopped = lease.lose
        self._cursor = ShardCursor(membership.worker, membership.generation)
        self._sweep = 0
        self._heartbeat = Heartbeat(session.address, membership.worker, lease, give_up_s=give_up_s)
        self._beats = asyncio.create_task(self._heartbeat.run(self._writer.stop), name="ledger-lease")

    @property
    def failed_elsewhere(self) -> int:
        """Number of rows that failed at the other workers of this run, as of the last beat."""
        return self._heartbeat.failed_elsewhere

    @property
    def stop(self) -> RunEnd | None:
        """Why the run stops, as of the last beat or notification; None while it goes on."""
        return self._heartbeat.stop

    def set_figures(self, figures: WorkerFigures) -> None:
        """Store these figures with the next beat."""
        self._heartbeat.figures = figures

    async def next_task(self) -> Task:
        """Wait until there is something to do, and return it."""
        if self._cursor.has_shard:
            await self.give_back()
        changed = self._heartbeat.changed
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
        await self._execute("pass_canary", self.number, self._generation)

    async def give_back(self) -> None:
        """Give up the shards of this worker: their rows are settled, and others may take those that are not."""
        self._cursor.forget()
        is_left = True
        while is_left:
            is_left = await self._writer.call(
                lambda connection: connection.fetchval(_SHARED["give_back"], self.number), is_quick=True
            )

    async def open_sweep(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
    ) -> int:
        """Hand out the rows with these statuses once more; return how many there are under the run's limit."""
        values = (self.number, self._generation, self._sweep, *statuses_of(statuses, messages, settings))
        return int(await self._writer.call(lambda connection: connection.fetchval(_SHARED["open_sweep"], *values)))

    async def end_run(self, end: RunEnd) -> None:
        """End the run for all of its workers; the first end counts."""
        await self._execute("end_run", self.number, self._generation, encode_end(end))

    async def to_send(self) -> int:
        """Return 0: how many rows this worker will take is not known."""
        return 0

    async def to_post(self) -> int:
        """Return 0: how many rows this worker will take is not known."""
        return 0

    async def counts(self) -> Counts:
        """Return the number of rows of the current input by status, as all workers have left them."""
        return await self._writer.call(queries.count_rows)

    async def close(self, *, drops_unused: bool = False) -> None:
        """Execute the requested writes, give up the lease, then close the connections."""
        if self.lease.error is None:
            self._heartbeat.is_leaving = True
            self._execute("leave", self.number).add_done_callback(_ignore_failure)
        await super().close(drops_unused=drops_unused)
        self._beats.cancel()
        await asyncio.gather(self._beats, return_exceptions=True)

    def _execute(self, name: str, *values: object) -> "asyncio.Future[str]":
        return self._writer.call(lambda connection: connection.execute(_SHARED[name], *values), is_quick=True)

    async def _task(self) -> Task | None:
        is_replaced, ended = await self._writer.call(
            lambda connection: connection.fetchrow(_SHARED["standing"], self._generation), is_quick=True
        )
        with translated(self._address):
            end = decode_end(ended)
        if end is not None or is_replaced:
            return end or REPLACED
        shard = await self._writer.call(self._cursor.take, is_quick=True)
        if shard is not None:
            return SendTask(is_canary=shard.is_canary, to_send=shard.to_send)
        line = await self._writer.call(
            lambda connection: connection.fetchrow(_SHARED["take_look_up"], self.number, self._generation),
            is_quick=True,
        )
        if line is None:
            return None
        self._sweep, wait_s = line
        return LookUpTask(wait_s=wait_s, number=self._sweep)


def _ignore_failure(future: "asyncio.Future[str]") -> None:
    if not future.cancelled():
        future.exception()
