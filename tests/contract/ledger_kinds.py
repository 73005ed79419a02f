"""The kinds of ledgers that keep the contract; a further kind is one more class here, and a name in ``KINDS``."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from provisioner.ledger import LedgerLocation
from provisioner.models import MessageStatus, Status
from tests.ledger_samples import query


class Standing(NamedTuple):
    """Where one row stands."""

    status: Status
    attempts: int
    message: MessageStatus | None


class LedgerKind(Protocol):
    """One kind of ledger."""

    def location(self, folder: Path) -> LedgerLocation:
        """Return where the ledger of a test is; the same for the same folder."""
        ...

    def standing(self, folder: Path) -> list[Standing]:
        """Ask the storage itself where each row stands, in the order in which the rows came in."""
        ...


class SqliteKind:
    """A file."""

    def location(self, folder: Path) -> LedgerLocation:
        """Name a file in the folder."""
        return LedgerLocation(folder / "job.ledger")

    def standing(self, folder: Path) -> list[Standing]:
        """Ask as a shell would."""
        lines = query(folder / "job.ledger", "SELECT status, attempts, message FROM rows ORDER BY id")
        return [
            Standing(Status(status), attempts, message and MessageStatus(message))
            for status, attempts, message in lines
        ]


KINDS: Mapping[str, LedgerKind] = {"sqlite": SqliteKind()}
