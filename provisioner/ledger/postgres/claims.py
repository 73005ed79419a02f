"""Cursor over the rows that a run may send: each row is returned once, in input order."""

from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from provisioner.ledger.postgres.queries import over_all_rows, require_conversations
from provisioner.ledger.shapes import OddLine
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Claim, MessageStatus, SettingsStatus, Status
from provisioner.models.sids import SidKind

_RUN = read_statements(__package__, "run")


class PostgresClaimCursor:
    """Cursor over the rows with one of ``statuses``, and the created rows that owe what follows.

    Those are the ones whose settings are in ``settings``, or whose message is in ``messages``. At most ``limit``
    rows are returned; None means no limit. ``left`` is the number of rows that are still to be returned;
    ``posts_left`` of them are created rows.
    """

    def __init__(
        self,
        statuses: Collection[Status] = (),
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = 0,
    ) -> None:
        self._statuses = [each.value for each in statuses]
        self._owed = [each.value for each in messages], [each.value for each in settings]
        self._limit = limit
        self._last_row = 0
        self.left = self.posts_left = 0

    def asked(self) -> Sequence[Any]:
        """Return what was asked for: statuses of rows, of messages and of settings, and the limit."""
        return (self._statuses, *self._owed, self._limit)

    async def open(self, connection: asyncpg.Connection) -> None:
        """Count the rows to return.

        Raise ``OddSid`` when a created row that may owe something has no valid conversation SID.
        """
        if any(self._owed):
            await require_conversations(connection, owing=True)
        async with over_all_rows(connection):
            line = await connection.fetchrow(*self._counting())
        self.left, self.posts_left, first = line
        self._last_row = (first or 1) - 1  # the server walks through the plan from there

    def _counting(self) -> tuple[Any, ...]:
        if any(self._owed):
            return _RUN["count_claimable_owing"], self._statuses, *self._owed, self._limit
        return _RUN["count_claimable"], self._statuses, self._limit

    async def next(self, connection: asyncpg.Connection, limit: int) -> Sequence[Claim]:
        """Return the next rows, at most ``limit``; an empty sequence after the last one."""
        wanted = min(limit, self.left)
        if not wanted:
            return ()
        asked: tuple[Any, ...]
        if any(self._owed):
            asked = (_RUN["claim_owing"], self._last_row, self._statuses, *self._owed, wanted)
        else:
            asked = (_RUN["claim"], self._last_row, self._statuses, wanted)
        claims = [Claim(*line) for line in await connection.fetch(*asked)]
        if not SidKind.CONVERSATION.matches_all([sid for claim in claims if (sid := claim.conversation_sid)]):
            raise OddLine
        self.left = self.left - wanted if len(claims) == wanted else 0
        self.posts_left -= sum(1 for claim in claims if claim.conversation_sid)
        self._last_row = claims[-1].row if claims else self._last_row
        return claims
