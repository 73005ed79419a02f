"""Hands the rows of one run out, in input order, each once."""

import sqlite3
from collections.abc import Collection, Sequence

from provisioner.ledger import statements
from provisioner.models import Claim, Status

_RUN = statements.load("run")


class Handout:
    """What is left to hand out in a run: ``left`` rows of these statuses. For the writer thread only."""

    def __init__(self, statuses: Collection[Status] = (), limit: int | None = 0) -> None:
        self._statuses = f" {' '.join(statuses)} "
        self._limit = limit
        self._last_row = 0
        self.left = 0

    def open(self, connection: sqlite3.Connection) -> None:
        """Find out how many rows there are to hand out."""
        (count,) = connection.execute(_RUN["count_claimable"], (self._statuses,)).fetchone()
        self.left = count if self._limit is None else min(count, self._limit)

    def take(self, connection: sqlite3.Connection, limit: int) -> Sequence[Claim]:
        """Return the next rows, at most ``limit``; none when all are out."""
        wanted = min(limit, self.left)
        if not wanted:
            return ()
        lines = connection.execute(_RUN["claim"], (self._last_row, self._statuses, wanted)).fetchall()
        claims = [Claim(*line) for line in lines]
        self.left = self.left - wanted if len(claims) == wanted else 0
        self._last_row = claims[-1].row if claims else self._last_row
        return claims
