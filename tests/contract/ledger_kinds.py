"""Kinds of ledgers to which the contract tests apply; to add one, add a class here and its name to ``KINDS``."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from provisioner.ledger import LedgerLocation
from provisioner.models import MessageStatus, SettingsStatus, Status
from tests.ledger_samples import query
from tests.postgres_server import address_of_session, query_postgres


class Standing(NamedTuple):
    """Stored state of one row."""

    status: Status
    attempts: int
    message: MessageStatus | None
    settings: SettingsStatus | None = None
    history: MessageStatus | None = None


_SELECT = "SELECT status, attempts, message, settings, history"


def _standing(
    status: str, attempts: int, message: str | None, settings: str | None, history: str | None
) -> Standing:
    return Standing(
        Status(status),
        attempts,
        MessageStatus(message) if message else None,
        SettingsStatus(settings) if settings else None,
        MessageStatus(history) if history else None,
    )


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
        lines = query(folder / "job.ledger", _SELECT + " FROM rows ORDER BY id")
        return [_standing(*line) for line in lines]


class PostgresKind:
    """Ledger in a schema of a PostgreSQL database, one schema for each folder."""

    def location(self, folder: Path) -> LedgerLocation:
        """Return the address of a schema that is named after the folder."""
        job = hashlib.blake2b(str(folder).encode(), digest_size=8).hexdigest()
        return LedgerLocation(f"{address_of_session()}&job={job}")

    def standing(self, folder: Path) -> list[Standing]:
        """Return the state of each row, read with plain SQL; both ways to derive it have to agree."""
        address = self.location(folder).postgres_address()
        by_row, at_once = (
            query_postgres(address.dsn, statement, schema=address.schema)
            for statement in (
                "SELECT * FROM follow_ups ORDER BY id",
                "SELECT * FROM all_follow_ups ORDER BY id",
            )
        )
        assert by_row == at_once
        lines = query_postgres(address.dsn, f"{_SELECT} FROM follow_ups ORDER BY id", schema=address.schema)
        return [_standing(*line) for line in lines]


KINDS: Mapping[str, LedgerKind] = {"sqlite": SqliteKind(), "postgres": PostgresKind()}
