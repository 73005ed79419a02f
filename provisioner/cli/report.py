"""``provisioner report``: a job as a page."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ReportOptions

from .console import Console
from .options import argument, command


@command(ReportOptions, argument("ledgers", "LEDGER...", is_many=True, of=Path))
def report(ledgers: tuple[Path, ...], options: ReportOptions, console: Console) -> Summary:  # noqa: ARG001 - nothing is shown
    """Write one self-contained HTML page about a job; several are compared.

    The job may be running: the page tells what there is so far.
    """
    from provisioner.api import perform_reading

    return perform_reading([str(ledger) for ledger in ledgers], options)
