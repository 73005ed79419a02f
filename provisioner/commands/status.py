"""The command ``status``: the state of a job from its ledger, also while it runs."""

from pathlib import Path
from typing import Any

from msgspec import structs

from provisioner.ledger import LedgerLocation, LedgerReader, open_reader
from provisioner.models.summary import Summary


def job_status(ledger: Path) -> Summary:
    """Return the state of the job whose ledger is at the path ``ledger``.

    Raise ``LedgerError`` for a ledger that cannot be read.
    """
    with open_reader(LedgerLocation.parse(ledger)) as reader:
        details = status_details(reader)
        counts, messages = reader.counts(), reader.message_counts()
    return Summary(command="status", counts=counts, messages=messages, ledger=str(ledger), details=details)


def status_details(reader: LedgerReader) -> dict[str, Any]:
    """Return the state of a ledger's job as the details of the summary, in values that JSON can hold."""
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
"""Error codes that rows would get if the run ended now; they are not errors while it runs."""
