"""A job in words, and in values for programs."""

from typing import Any

from msgspec import structs

from provisioner.ledger import LedgerReader

from .console import Console


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


def show_job(details: dict[str, Any], console: Console) -> None:
    """Print what ``status_details`` returned."""
    state = "a run is working on it" if details["is_running"] else "no run is working on it"
    console.print(
        f"job {details['job_id']}, begun {details['created_at']}, runs {len(details['runs']):,}; {state}"
    )
    settings = [(name, value) for name, value in sorted(details["settings"].items()) if value]
    console.table(("setting", "value"), settings)
    if details["errors"]:
        errors = [(each["status"], each["error_code"] or "", f"{each['rows']:,}") for each in details["errors"]]
        console.table(("status", "error code", "rows"), errors)
    if orphans := len(details["orphans"]):
        console.print(
            f"{orphans:,} attempts failed at the participant: each may have left a conversation without a "
            "customer; provisioner reconcile LEDGER --audit lists them"
        )
