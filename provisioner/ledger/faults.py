"""Faults that a ledger of any kind can have, and the errors that tell them; ``shown`` is its name in messages."""

from provisioner.errors import LedgerError
from provisioner.models.sids import SidKind


class OddSid(Exception):  # noqa: N818 - it says what was found; each kind of ledger makes an error of it
    """Raised when a created row has no valid conversation SID.

    ``row`` is its row number in the input, None when it is no longer in the input.
    """

    def __init__(self, row: int | None) -> None:
        super().__init__()
        self.row = row


def odd_sid(shown: object, row: int | None, *, what: str) -> LedgerError:
    """Return the error for a created row without a valid conversation SID; ``what`` is to be restored."""
    place = "a row that is no longer in the input" if row is None else f"row {row}"
    return LedgerError(
        f"{shown}: {place} is created, but its conversation_sid is not a SID ({SidKind.CONVERSATION.form})",
        cure=f"restore the {what} from a copy: it was changed by another program",
    )


def newer(shown: object, version: int, known: int) -> LedgerError:
    """Return the error for a ledger of a schema version that a later version of this program has made."""
    return LedgerError(
        f"{shown} was written by a newer version of this program (schema {version}, known is {known})",
        cure="install that version or a later one",
    )
