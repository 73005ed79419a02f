"""The command ``provisioner report``: write an HTML page about a job."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ReportOptions

from .console import Console
from .options import argument, command


@command(
    ReportOptions,
    argument("ledgers", "LEDGER...", is_many=True, of=Path),
    examples=(
        ("A page about a job", "provisioner report results.csv.ledger"),
        ("Under another name", "provisioner report results.csv.ledger -o june.html"),
        ("A comparison of two load tests", "provisioner report before.csv.ledger after.csv.ledger"),
    ),
)
def report(ledgers: tuple[Path, ...], options: ReportOptions, console: Console) -> Summary:  # noqa: ARG001 - prints nothing but its summary
    """Write one self-contained HTML page about a job, or a comparison of several.

    The job may be running: the page shows its figures so far.
    """
    from provisioner.api import perform_reading

    return perform_reading([str(ledger) for ledger in ledgers], options)
