"""``provisioner status``: what has become of a job, also while it runs."""

from pathlib import Path
from typing import Any

from msgspec import structs

from provisioner.ledger import LedgerReader, open_reader
from provisioner.options import StatusOptions
from provisioner.summary import Summary

from .console import Console
from .options import argument, command


@command(StatusOptions, argument("ledger", "LEDGER", of=Path))
def status(ledger: Path, options: StatusOptions, console: Console) -> Summary:  # noqa: ARG001 - nothing to choose
    """Tell what has become of a job, also while it runs."""
    with open_reader(ledger) as reader:
        details = _details(reader)
        counts = reader.counts()
    state = "a run is working on it" if details["is_running"] else "no run is working on it"
    console.say(f"job {details['job_id']}, begun {details['created_at']}; {state}")
    console.table(("setting", "value"), sorted(details["settings"].items()))
    if details["errors"]:
        errors = [(each["status"], each["error_code"] or "", f"{each['rows']:,}") for each in details["errors"]]
        console.table(("status", "error code", "rows"), errors)
    return Summary(command="status", counts=counts, ledger=str(ledger), details=details)


def _details(reader: LedgerReader) -> dict[str, Any]:
    manifest = structs.asdict(reader.manifest)
    return {
        **{name: manifest[name] for name in ("job_id", "created_at", "created_by", "settings")},
        "is_running": reader.is_held(),
        "sources": [structs.asdict(fingerprint) for fingerprint in reader.fingerprints()],
        "errors": [
            {"status": status, "error_code": code, "rows": rows} for status, code, rows in reader.error_counts()
        ],
    }
