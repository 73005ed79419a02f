"""Cursor over the rows that a run may send: each row is returned once, in input order."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg

from provisioner.ledger.postgres.queries import over_all_rows, require_conversations
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.shapes import OddLine
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Claim, Claimable, MessageStatus, SettingsStatus, Status
from provisioner.models.sids import SidKind

_RUN = read_statements(__package__, "run")


class PostgresClaimCursor:
    """Cursor over the rows with one of ``statuses``, and the created rows that owe what follows.

    Those are the ones whose settings are in ``settings``, or whose message is in ``messages``. At most ``limit``
    rows of ``scope`` are returned; None means no limit. ``left`` is the number of rows that are still to be
    returned; ``posts_left`` of them are created rows.
    """

    def __init__(
        self,
        statuses: Collection[Status] = (),
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = 0,
        *,
        scope: PostgresRowScope = ALL_ROWS,
    ) -> None:
        self._scope = scope
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
            await require_conversations(connection, self._scope, owing=True)
        async with over_all_rows(connection):
            line = await connection.fetchrow(*self._scope.ask(*self._counting()))
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
        owed = self._owed if any(self._owed) else ()
        name = "claim_owing" if owed else "claim"
        asked = [self._last_row, self._statuses, *owed, wanted]
        if (account := self._scope.account_sid) is not None:
            name, asked = f"{name}_in_account", [*asked, account]
        claims = [Claim(*line) for line in await connection.fetch(_RUN[name], *asked)]
        if not SidKind.CONVERSATION.matches_all([sid for claim in claims if (sid := claim.conversation_sid)]):
            raise OddLine
        self.left = self.left - wanted if len(claims) == wanted else 0
        self.posts_left -= sum(1 for claim in claims if claim.conversation_sid)
        self._last_row = claims[-1].row if claims else self._last_row
        return claims

    async def by_account(self, connection: asyncpg.Connection) -> Mapping[str, Claimable]:
        """Return the numbers of rows that are still to be returned, by the SID of their account.

        The accounts are in the order of their first rows.
        """
        asked = self._last_row, self._statuses, *self._owed, self.left
        async with over_all_rows(connection):
            lines = await connection.fetch(_RUN["claimable_by_account"], *asked)
        return {sid: Claimable(to_send, to_post) for sid, to_send, to_post in lines}
