"""Kinds of ledgers to which the contract tests apply; to add one, add a class here and its name to ``KINDS``."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from provisioner.ledger import LedgerLocation
from provisioner.models import MessageStatus, SettingsStatus, Status
from tests.ledger_samples import query


class Standing(NamedTuple):
    """Stored state of one row."""

    status: Status
    attempts: int
    message: MessageStatus | None
    settings: SettingsStatus | None = None
    history: MessageStatus | None = None


class LedgerKind(Protocol):
    """Access of the tests to one kind of ledger."""

    def location(self, folder: Path) -> LedgerLocation:
        """Return the location of a test's ledger; it is the same for the same folder."""
        ...

    def standing(self, folder: Path) -> list[Standing]:
        """Return the stored state of each row in input order, read without the ledger's own code."""
        ...


class SqliteKind:
    """Ledger in an SQLite file."""

    def location(self, folder: Path) -> LedgerLocation:
        """Return the location of a file in the folder."""
        return LedgerLocation(folder / "job.ledger")

    def standing(self, folder: Path) -> list[Standing]:
        """Return the state of each row, read with plain SQL."""
        select = "SELECT status, attempts, message, settings, history FROM rows ORDER BY id"
        lines = query(folder / "job.ledger", select)
        return [
            Standing(
                Status(status),
                attempts,
                message and MessageStatus(message),
                settings and SettingsStatus(settings),
                history and MessageStatus(history),
            )
            for status, attempts, message, settings, history in lines
        ]


KINDS: Mapping[str, LedgerKind] = {"sqlite": SqliteKind()}
