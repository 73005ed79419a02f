"""Renewal of a worker's lease, on a connection of its own, which also listens to what the others tell."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec

from provisioner.errors import ProvisionerError
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import open_connection
from provisioner.ledger.postgres.errors import gone, is_away, lease_lost, translated
from provisioner.ledger.postgres.fencing import fence
from provisioner.ledger.postgres.lease import PostgresLease, boot_time
from provisioner.ledger.postgres.shared_run import decode_stored
from provisioner.ledger.sharing import RunEnd, WorkerFigures
from provisioner.ledger.sql_files import read_statements
from provisioner.system.event_log import event_logger
from provisioner.system.processes import machine_id

_SHARED = read_statements(__package__, "shared")
_LONGEST_S = 1.0
"""Most seconds between two renewals."""
_SHORTEST_S = 0.05
"""Fewest seconds between two renewals, when notifications ask for more."""
_GAP = 0.75
"""Part of a lease without a renewal after which the others may have been unable to renew theirs, too."""
_FIRST_PAUSE_S = 0.1
REPLACED = RunEnd(kind="replaced", exit_code=75, message="another run of this job has begun")
"""End of a run for its workers when the job was planned again or has begun another run."""


def channel(address: PostgresAddress) -> str:
    """Return the name under which the processes of a job notify each other; see ``tell_workers``."""
    return "provisioner_" + hashlib.md5(address.schema.encode(), usedforsecurity=False).hexdigest()


class Heartbeat:
    """Renewal of the lease of worker number ``worker`` at a quarter of its length, at least once a second.

    ``failed_elsewhere`` is the number of rows that failed at the other workers, by the SID of the account and,
    with an empty SID, in all, as of the last renewal. ``figures`` are stored with the next one.
    """

    def __init__(self, address: PostgresAddress, worker: int, lease: PostgresLease, *, give_up_s: float) -> None:
        self._address, self._worker, self.lease = address, worker, lease
        self._give_up_s = give_up_s
        self._connection: asyncpg.Connection | None = None
        self._asked = asyncio.Event()
        self._waiting: list[asyncio.Event] = []
        self._ends: Mapping[str, RunEnd] = {}
        self._is_replaced = False
        self.figures = WorkerFigures()
        self.failed_elsewhere: Mapping[str, int] = {}
        self.is_leaving = False
        self._next_expiry_s: float | None = None
        self._last_s = self._steady_since = boot_time()

    def watch(self) -> asyncio.Event:
        """Return an event that is set whenever another process has told that there may be something to do."""
        event = asyncio.Event()
        self._waiting.append(event)
        return event

    def stop_in(self, account_sid: str) -> RunEnd | None:
        """Return why the run stops in an account, as of the last renewal; None while it goes on there."""
        return self._ends.get(account_sid) or (REPLACED if self._is_replaced else None)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()

    async def run(self, on_lost: Callable[[ProvisionerError], None]) -> None:
        """Renew the lease until it is lost; then call ``on_lost`` with the error. Cancel it to end it."""
        try:
            await self._renew_until_lost()
        except ProvisionerError as error:
            self.lease.lose(error)
            self._wake()
            on_lost(error)
        finally:
            self._drop()

    async def _renew_until_lost(self) -> None:
        interval_s = min(self.lease.length_s / 4, _LONGEST_S)
        away_since: float | None = None
        while True:
            self._asked.clear()
            try:
                with translated(self._address):
                    async with asyncio.timeout(self.lease.length_s / 2):
                        await self._beat()
                away_since = None
            except Exception as error:
                if not is_away(error):
                    raise
                self._drop()
                now = boot_time()
                away_since = now if away_since is None else away_since
                if now - away_since >= self._give_up_s:
                    raise gone(self._address) from error
                await asyncio.sleep(_FIRST_PAUSE_S)
                continue
            await asyncio.sleep(_SHORTEST_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s(interval_s)):
                    await self._asked.wait()

    def _pause_s(self, interval_s: float) -> float:
        """Return the seconds until the next renewal: earlier when another worker's lease may be over by then."""
        expiry_s = self._next_expiry_s
        return interval_s if expiry_s is None or expiry_s < 0 else min(interval_s, expiry_s)

    async def _beat(self) -> None:
        if self._connection is None:
            self._connection = await open_connection(self._address)
            await self._connection.add_listener(channel(self._address), self._told)
        figures = msgspec.json.encode(self.figures).decode()
        asked_at = boot_time()
        values = (self._worker, self.lease.length_s, figures, machine_id())
        line = await self._connection.fetchrow(_SHARED["beat"], *values)
        is_live, is_replaced, ended, failed, self._next_expiry_s, has_neighbours = line
        if not is_live and self.is_leaving:
            return
        if not is_live:
            raise lease_lost(self._address)
        fences_expired = self._renewed(asked_at)
        self.failed_elsewhere = decode_stored(failed, dict[str, int])
        ends = decode_stored(ended, dict[str, RunEnd])
        if (is_replaced, ends) != (self._is_replaced, self._ends):
            self._is_replaced, self._ends = is_replaced, ends
            self._wake()
        has_expired = self._next_expiry_s is not None and self._next_expiry_s < 0
        if has_neighbours or (has_expired and fences_expired):
            self._tell_fenced(await fence(self._connection, fences_expired=fences_expired))

    def _renewed(self, asked_at: float) -> bool:
        """Move the deadline; return whether this worker may fence others whose lease has run out.

        It may not while it was away itself not long ago: then the server was away, or the machine slept, and the
        others have to get the time to renew their leases.
        """
        length_s = self.lease.length_s
        if asked_at - self._last_s > _GAP * length_s:
            self._steady_since = asked_at
        self._last_s = asked_at
        self.lease.renew(asked_at)
        return asked_at - self._steady_since >= length_s

    def _tell_fenced(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            event_logger().warning("worker.fenced", worker=number, by=self._worker)

    def _told(self, *told: Any) -> None:
        """Look at what has changed: at once when the run has ended."""
        self._wake()
        if told[-1] == "end":
            self._asked.set()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
