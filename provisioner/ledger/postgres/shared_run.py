"""The coordinator's access to a run that workers share."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec

from provisioner.errors import LedgerError
from provisioner.ledger.postgres.claims import PostgresClaimCursor
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.fencing import fence
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.ledger.shapes import OddLine
from provisioner.ledger.sharing import RunEnd, RunSpec, WorkerFigures, WorkerState, joined_end
from provisioner.ledger.sql_files import read_statements

T = TypeVar("T")
_OPEN = read_statements(__package__, "open")
_SHARED = read_statements(__package__, "shared")


class PostgresSharedRun:
    """``SharedRun`` in a PostgreSQL schema; ``SharedRun`` documents the methods."""

    def __init__(self, writer: CommitQueue, current_run: PostgresRun) -> None:
        self._writer, self._current_run = writer, current_run
        self._generation: int | None = None
        self._lease_s = 0.0
        self.selection: PostgresClaimCursor | None = None

    @property
    def is_begun(self) -> bool:
        """Whether this process has begun a shared run: then others change the rows."""
        return self._generation is not None

    async def begin(self, spec: RunSpec) -> int:
        """Begin the shared run over the rows that ``set_claimable`` has selected; return their number."""
        if self._current_run.id is None or self.selection is None:
            raise LedgerError("a shared run was begun before start_run")
        values = (
            self._current_run.id,
            msgspec.json.encode(spec).decode(),
            spec.lease_s,
            spec.request_s,
            *self.selection.asked(),
            spec.canary,
        )
        self._lease_s = spec.lease_s
        number = self._writer.next_commit()

        async def begun(connection: asyncpg.Connection) -> tuple[int, int]:
            rows = await connection.fetchval(_SHARED["begin"], self._writer.worker, number, *values)
            return int(rows), await connection.fetchval(_SHARED["current"])

        rows, self._generation = await self._writer.call(begun)
        return rows

    async def workers(self) -> Sequence[WorkerState]:
        """Return the workers of the current run, in the order in which they joined."""
        return await self._writer.call(worker_states)

    async def fence_expired(self) -> Sequence[WorkerState]:
        """Fence workers whose lease has run out, or whose process on this machine is gone; return them."""
        fences_expired = self._writer.steady_s > self._lease_s

        async def fenced(connection: asyncpg.Connection) -> Sequence[WorkerState]:
            numbers = await fence(connection, fences_expired=fences_expired)
            if not numbers:
                return ()
            return [_state(*line) for line in await connection.fetch(_SHARED["these_workers"], numbers)]

        return await self._writer.call(fenced)

    async def settling_s(self) -> float:
        """Return the seconds until the last request of a fenced worker is certainly over; 0 when it is."""
        return float(await self._writer.call(lambda connection: connection.fetchval(_SHARED["settling"])))

    async def replace(self) -> None:
        """Let the workers of earlier runs begin nothing more; they record what becomes of their requests."""
        await self._writer.call(lambda connection: connection.execute(_OPEN["replace_run"]))

    async def end(self) -> RunEnd | None:
        """Return how the run ended, or why it stops; None while it goes on in any account."""
        ends = (await self.ends()).values()
        found = [end for end in ends if end is not None]
        return joined_end(found) if found and len(found) == len(ends) else None

    async def ends(self) -> Mapping[str, RunEnd | None]:
        """Return how the run ended in each account, by SID; see ``SharedRun.ends``."""

        async def read(connection: asyncpg.Connection) -> Mapping[str, RunEnd | None]:
            generation = await connection.fetchval(_SHARED["current"])
            lines = await connection.fetch(_SHARED["accounts"], generation)
            return {sid: decode_end(ended) for _, sid, ended in lines}

        return await self._writer.call(read)

    async def end_run(self, end: RunEnd) -> None:
        """Stop the run for all of its workers; the first end counts."""
        encoded = encode_end(end)
        await self._writer.call(
            lambda connection: connection.execute(_SHARED["end_run"], None, self._generation, None, encoded)
        )


async def worker_states(connection: asyncpg.Connection) -> Sequence[WorkerState]:
    """Return the workers of the current run, in the order in which they joined."""
    return [_state(*line) for line in await connection.fetch(_SHARED["workers"])]


def encode_end(end: RunEnd) -> str:
    """Return the end of a run as the ledger stores it."""
    return msgspec.json.encode(end).decode()


def decode_end(text: str | None) -> RunEnd | None:
    """Return the end of a run from what the ledger stores."""
    return None if text is None else decode_stored(text, RunEnd)


def decode_stored(text: str, kind: type[T]) -> T:
    """Return what was stored as JSON; raise ``OddLine`` when it is anything else."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError:
        raise OddLine from None


def _state(*values: Any) -> WorkerState:
    number, host, pid, version, started, lease_left_s, is_fenced, is_ended, figures = values
    return WorkerState(
        number=number,
        host=host,
        pid=pid,
        version=version,
        started=started,
        lease_left_s=lease_left_s,
        is_fenced=is_fenced,
        is_ended=is_ended,
        figures=decode_stored(figures, WorkerFigures),
    )


def statuses_of(*kinds: Collection[Any]) -> list[list[str]]:
    """Return the values of statuses, one list for each kind."""
    return [[each.value for each in statuses] for statuses in kinds]
