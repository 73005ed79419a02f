"""What a ledger keeps of its job besides the rows: the planned input files, and notes of earlier runs."""

import sqlite3
from collections.abc import Sequence

from provisioner.ledger import shapes
from provisioner.ledger.notes import JobNotes
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.models import Fingerprint

_READ = queries.load_queries("read")
_PLANNED_AT = queries.load_queries("run")["planned_at"]


def read_fingerprints(connection: sqlite3.Connection) -> Sequence[Fingerprint]:
    """Return the fingerprints of the planned input files. Raise ``OddLine`` for a damaged ledger."""
    return [
        Fingerprint(*checked_row(shapes.SOURCE, line)) for line in connection.execute(_READ["sources"]).fetchall()
    ]


def read_planned_inputs(connection: sqlite3.Connection) -> Sequence[Fingerprint] | None:
    """Return the fingerprints of the inputs of the last complete plan, None when there is no such plan."""
    return read_fingerprints(connection) if connection.execute(_PLANNED_AT).fetchone() else None


def read_notes(connection: sqlite3.Connection) -> JobNotes:
    """Return the notes that earlier runs stored. Raise ``OddLine`` for a damaged ledger."""
    return JobNotes(**{name: _read_note(connection, name) for name in JobNotes.__struct_fields__})


def _read_note(connection: sqlite3.Connection, name: str) -> str | None:
    found = connection.execute(_READ["note"], (name,)).fetchone()
    return None if found is None else checked_row(shapes.VALUE, found)[0]
