"""What ``status`` tells: what has become of a job, from its ledger, also while it runs."""

from pathlib import Path
from typing import Any

from msgspec import structs

from provisioner.ledger import LedgerLocation, LedgerReader, open_reader
from provisioner.models.summary import Summary


def job_status(ledger: Path) -> Summary:
    """Read what has become of a job; raise ``LedgerError`` for a ledger that cannot be read."""
    with open_reader(LedgerLocation.parse(ledger)) as reader:
        details = status_details(reader)
        counts, messages = reader.counts(), reader.message_counts()
    return Summary(command="status", counts=counts, messages=messages, ledger=str(ledger), details=details)


def status_details(reader: LedgerReader) -> dict[str, Any]:
    """Return what a ledger tells of its job, for programs."""
    manifest, is_running = structs.asdict(reader.manifest), reader.is_held()
    return {
        **{name: manifest[name] for name in ("job_id", "created_at", "created_by", "settings")},
        "is_running": is_running,
        "sources": [structs.asdict(fingerprint) for fingerprint in reader.fingerprints()],
        "runs": [structs.asdict(run) for run in reader.runs()],
        "orphans": [orphan._asdict() for orphan in reader.orphans()],
        "errors": [
            count._asdict()
            for count in reader.error_counts()
            if not (is_running and count.error_code in _WHILE_RUNNING)
        ],
    }


_WHILE_RUNNING = {"stopped", "interrupted"}
"""What rows would be called if the run ended now."""
