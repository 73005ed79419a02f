"""Rows that a worker of a shared run takes, shard by shard."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from provisioner.ledger.shapes import OddLine
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Claim
from provisioner.models.sids import SidKind

_SHARED = read_statements(__package__, "shared")


class Shard(NamedTuple):
    """A shard that this worker has: whether it holds the first rows of the run, and the number of all rows."""

    is_canary: bool
    to_send: int
    sweep: int
    number: int


class ShardCursor:
    """Rows of the shards of an account that worker number ``worker`` has taken; each is returned once."""

    def __init__(self, worker: int, generation: int, account: int) -> None:
        self._worker, self._run = worker, (generation, account)
        self._turn = 0
        self._taken: Shard | None = None
        self._rows: deque[Claim] = deque()

    @property
    def has_shard(self) -> bool:
        """Whether this worker has a shard."""
        return self._taken is not None

    async def take(self, connection: asyncpg.Connection) -> Shard | None:
        """Take the next free shard and read its rows; None when none is free."""
        line = await connection.fetchrow(_SHARED["take_shard"], self._worker, *self._run, self._turn + 1)
        if line is None:
            return None
        shard = Shard(*line)
        lines = await connection.fetch(_SHARED["rows"], *self._run, shard.sweep, shard.number)
        claims = [Claim(*each) for each in lines]
        if not SidKind.CONVERSATION.matches_all([sid for claim in claims if (sid := claim.conversation_sid)]):
            raise OddLine
        self._turn += 1
        self._taken = shard
        self._rows.extend(claims)
        return shard

    async def next(self, connection: asyncpg.Connection, limit: int) -> Sequence[Claim]:
        """Return the next rows, at most ``limit``; an empty sequence when there is none in any free shard.

        Only the rows of the canary's shard follow it.
        """
        while not self._rows and self._taken is not None and not self._taken.is_canary:
            if await self.take(connection) is None:
                break
        return [self._rows.popleft() for _ in range(min(limit, len(self._rows)))]

    def forget(self) -> None:
        """Forget the shards and their rows: they were given back."""
        self._rows.clear()
        self._taken = None
