"""Hands the rows of one run out, in input order, each once."""

import sqlite3
from collections.abc import Collection, Sequence

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.row_codec import claims_of
from provisioner.ledger.sqlite.sids import require_sids
from provisioner.models import Claim, MessageStatus, Status

_RUN = queries.load_queries("run")
_NO_LIMIT = -1


class ClaimCursor:
    """What is left to hand out in a run. For the writer thread only.

    ``left`` rows have one of these statuses, or are created and their message has one of these; ``posts_left`` of
    them are of the second kind.
    """

    def __init__(
        self,
        statuses: Collection[Status] = (),
        messages: Collection[MessageStatus] = (),
        limit: int | None = 0,
    ) -> None:
        self._asked = f" {' '.join(statuses)} ", f" {' '.join(messages)} "
        self._limit = _NO_LIMIT if limit is None else limit
        self._last_row = 0
        self.left = self.posts_left = 0

    def open(self, connection: sqlite3.Connection) -> None:
        """Find out how many rows there are to hand out; where messages are, each has to name its conversation."""
        if self._asked[1].strip():
            require_sids(connection, owing_messages=True)
        self.left, self.posts_left = connection.execute(
            _RUN["count_claimable"], (*self._asked, self._limit)
        ).fetchone()

    def next(self, connection: sqlite3.Connection, limit: int) -> Sequence[Claim]:
        """Return the next rows, at most ``limit``; empty once all have been handed out."""
        wanted = min(limit, self.left)
        if not wanted:
            return ()
        lines = connection.execute(_RUN["claim"], (self._last_row, *self._asked, wanted)).fetchall()
        claims = claims_of(lines)
        self.left = self.left - wanted if len(claims) == wanted else 0
        self.posts_left -= sum(1 for claim in claims if claim.conversation_sid)
        self._last_row = claims[-1].row if claims else self._last_row
        return claims
