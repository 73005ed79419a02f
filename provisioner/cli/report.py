"""The command ``provisioner report``: write an HTML page about a job."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ReportOptions

from .console import Console
from .options import argument, command


@command(
    ReportOptions,
    argument("ledgers", "LEDGER|FOLDER|GLOB...", is_many=True, of=Path),
    examples=(
        ("A page about a job", "provisioner report results.csv.ledger"),
        ("A comparison of two load tests", "provisioner report before.csv.ledger after.csv.ledger"),
        ("The trend of a schedule", "provisioner report 'load-{date}.csv' --regress 20%"),
    ),
)
def report(ledgers: tuple[Path, ...], options: ReportOptions, console: Console) -> Summary:  # noqa: ARG001 - prints nothing but its summary
    """Write one self-contained HTML page about a job, several compared, or the trend of a schedule.

    The job may be running: the page shows its figures so far. A folder, or a pattern in quotes such as
    'load-{date}.csv', stands for the runs of a schedule: exit code 99 means that the newest is worse than usual.
    """
    from provisioner.api import perform_reading

    return perform_reading([str(ledger) for ledger in ledgers], options)
