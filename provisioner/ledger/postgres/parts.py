"""What a ledger in a PostgreSQL database and its views have in common."""

from dataclasses import dataclass

from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.session import Session
from provisioner.ledger.postgres.shared_run import PostgresSharedRun
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.models import Manifest


@dataclass(frozen=True, slots=True)
class LedgerParts:
    """Parts of an open ledger that its views share. ``version`` is that of the program."""

    location: LedgerLocation
    manifest: Manifest
    address: PostgresAddress
    version: str
    writer: CommitQueue
    current_run: PostgresRun
    shared: PostgresSharedRun

    @classmethod
    def of_session(
        cls, session: Session, location: LedgerLocation, manifest: Manifest, *, version: str, give_up_s: float
    ) -> "LedgerParts":
        """Return the parts of a ledger that ``session`` writes; see ``open_ledger`` for ``give_up_s``."""
        writer, current_run = CommitQueue(session, give_up_s=give_up_s), PostgresRun()
        shared = PostgresSharedRun(writer, current_run)
        return cls(location, manifest, session.address, version, writer, current_run, shared)
