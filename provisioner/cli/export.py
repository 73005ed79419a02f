"""The command ``provisioner export``: write the results of a job again."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ExportOptions

from .console import Console
from .options import argument, command


@command(ExportOptions, argument("ledger", "LEDGER", of=Path))
def export(ledger: Path, options: ExportOptions, console: Console) -> Summary:  # noqa: ARG001 - prints nothing but its summary
    """Write the results of a job again, in any format.

    --include-input and --failed read the input again; it must not have changed since it was planned.
    """
    from provisioner.api import perform_reading

    return perform_reading([str(ledger)], options)
