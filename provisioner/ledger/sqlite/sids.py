"""Check that created rows have valid conversation SIDs, before a SID becomes part of a request."""

import sqlite3

from provisioner.ledger.sqlite import queries
from provisioner.models.sids import SidKind

_READ = queries.load_queries("read")


class OddSid(Exception):  # noqa: N818 - it says what was found; ``translate_errors`` makes an error of it
    """Raised when a created row has no valid conversation SID.

    ``row`` is its row number in the input, None when it is no longer in the input.
    """

    def __init__(self, row: int | None) -> None:
        super().__init__()
        self.row = row


def require_sids(connection: sqlite3.Connection, *, owing: bool = False) -> None:
    """Raise ``OddSid`` when a created row has no valid conversation SID.

    With ``owing``, check only rows whose first message is not posted yet or whose settings are not set.
    """
    name = "odd_sid_of_owing" if owing else "odd_sid"
    found = connection.execute(_READ[name], (SidKind.CONVERSATION.glob,)).fetchone()
    if found is not None:
        raise OddSid(found[0] if isinstance(found[0], int) else None)
