"""The command ``provisioner status``: show the state of a job."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import StatusOptions

from .console import Console
from .options import argument, command


@command(
    StatusOptions,
    argument("ledger", "LEDGER|RESULTS", of=Path),
    examples=(
        ("The job of a results file", "provisioner status results.csv"),
        ("A job whose ledger is in a database", "provisioner status 'postgresql://db.example/jobs?job=june'"),
        ("For a program", "provisioner status results.csv --json"),
    ),
)
def status(ledger: Path, options: StatusOptions, console: Console) -> Summary:
    """Show the state of a job, also while it runs.

    That is everything somebody needs who takes the job over, and the command that goes on with it. RESULTS.ledger
    is read for a results file.
    """
    from provisioner.api import perform_reading

    from .status_text import show_job

    summary = perform_reading([str(ledger)], options)
    show_job(summary, console)
    return summary
