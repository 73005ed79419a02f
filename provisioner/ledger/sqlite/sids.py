"""Makes sure that created rows name their conversations by SIDs, before any of them becomes part of a request."""

import sqlite3

from provisioner.ledger.sqlite import queries
from provisioner.models.sids import SidKind

_READ = queries.load_queries("read")


class OddSid(Exception):  # noqa: N818 - it says what was found; ``translated`` makes an error of it
    """A created row has another text, or nothing, where the SID of its conversation belongs.

    ``row`` is its number in the input, None where it is not in it any more.
    """

    def __init__(self, row: int | None) -> None:
        super().__init__()
        self.row = row


def require_sids(connection: sqlite3.Connection, *, owing_messages: bool = False) -> None:
    """Raise ``OddSid`` for a created row without a SID.

    ``owing_messages`` asks about rows with a message to come alone.
    """
    name = "odd_sid_of_message" if owing_messages else "odd_sid"
    found = connection.execute(_READ[name], (SidKind.CONVERSATION.glob,)).fetchone()
    if found is not None:
        raise OddSid(found[0] if isinstance(found[0], int) else None)
