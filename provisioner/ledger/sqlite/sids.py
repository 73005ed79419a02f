"""Check that created rows have valid conversation SIDs, before a SID becomes part of a request."""

import sqlite3

from provisioner.ledger.faults import OddSid
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.models.sids import SidKind

_READ = queries.load_queries("read")


def require_sids(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS, *, owing: bool = False) -> None:
    """Raise ``OddSid`` when a created row has no valid conversation SID.

    With ``owing``, check only rows whose first message is not posted yet or whose settings are not set.
    """
    name = "odd_sid_of_owing" if owing else "odd_sid"
    found = connection.execute(scope.query(_READ[name]), (SidKind.CONVERSATION.glob,)).fetchone()
    if found is not None:
        raise OddSid(found[0] if isinstance(found[0], int) else None)
