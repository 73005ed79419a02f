"""``provisioner status``: what has become of a job, also while it runs."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import StatusOptions

from .console import Console
from .options import argument, command


@command(StatusOptions, argument("ledger", "LEDGER", of=Path))
def status(ledger: Path, options: StatusOptions, console: Console) -> Summary:
    """Tell what has become of a job, also while it runs."""
    from provisioner.api import perform_reading

    from .status_text import show_job

    summary = perform_reading([str(ledger)], options)
    show_job(summary.details, console)
    return summary
