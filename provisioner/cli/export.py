"""``provisioner export``: the results of a job again."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ExportOptions

from .console import Console
from .options import argument, command


@command(ExportOptions, argument("ledger", "LEDGER", of=Path))
def export(ledger: Path, options: ExportOptions, console: Console) -> Summary:  # noqa: ARG001 - nothing is shown
    """Write the results of a job again, in any format.

    --include-input and --failed read the input once more; it has to be what it was when it was planned.
    """
    from provisioner.api import perform_reading

    return perform_reading([str(ledger)], options)
