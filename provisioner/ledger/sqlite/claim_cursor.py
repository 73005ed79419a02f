"""Cursor over the rows that a run may send: each row is returned once, in input order."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from provisioner.ledger import shapes
from provisioner.ledger.row_codec import claims_of
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.sids import require_sids
from provisioner.models import Claim, Claimable, MessageStatus, SettingsStatus, Status

_RUN = queries.load_queries("run")
_NO_LIMIT = -1


class ClaimCursor:
    """Cursor over the rows with one of ``statuses``, and the created rows that owe what follows.

    Those are the ones whose settings are in ``settings``, or whose message is in ``messages``. At most ``limit``
    rows of ``scope`` are returned; None means no limit. ``left`` is the number of rows that are still to be
    returned; ``posts_left`` of them are created rows. Use the methods on the writer thread only.
    """

    def __init__(
        self,
        statuses: Collection[Status] = (),
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
        limit: int | None = 0,
        *,
        scope: SqliteRowScope = ALL_ROWS,
    ) -> None:
        self._claim, self._count = scope.query(_RUN["claim"]), scope.query(_RUN["count_claimable"])
        self._scope = scope
        self._asked = f" {' '.join(statuses)} ", f" {' '.join(messages)} ", f" {' '.join(settings)} "
        self._limit = _NO_LIMIT if limit is None else limit
        self._last_row = 0
        self.left = self.posts_left = 0

    def open(self, connection: sqlite3.Connection) -> None:
        """Count the rows to return.

        Raise ``OddSid`` when a created row that may owe something has no valid conversation SID.
        """
        if any(asked.strip() for asked in self._asked[1:]):
            require_sids(connection, self._scope, owing=True)
        self.left, self.posts_left = connection.execute(self._count, (*self._asked, self._limit)).fetchone()

    def next(self, connection: sqlite3.Connection, limit: int) -> Sequence[Claim]:
        """Return the next rows, at most ``limit``; an empty sequence after the last one."""
        wanted = min(limit, self.left)
        if not wanted:
            return ()
        (found,) = connection.execute(self._claim, (self._last_row, *self._asked, wanted)).fetchone()
        claims = claims_of(found)
        self.left = self.left - wanted if len(claims) == wanted else 0
        self.posts_left -= sum(1 for claim in claims if claim.conversation_sid)
        self._last_row = claims[-1].row if claims else self._last_row
        return claims

    def by_account(self, connection: sqlite3.Connection) -> Mapping[str, Claimable]:
        """Return the numbers of rows that are still to be returned, by the SID of their account.

        The accounts are in the order of their first rows.
        """
        lines = connection.execute(
            _RUN["claimable_by_account"], (self._last_row, *self._asked, self.left)
        ).fetchall()
        found = (checked_row(shapes.CLAIMABLE, line) for line in lines)
        return {sid: Claimable(to_send, to_post) for sid, to_send, to_post in found}
