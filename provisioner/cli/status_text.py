"""Text of ``status``: the job, its settings and its errors."""

from typing import Any

from .console import Console


def show_job(details: dict[str, Any], console: Console) -> None:
    """Print the job, its settings, its errors and its possible orphans.

    ``details`` are the details of the ``Summary`` of ``status``.
    """
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
