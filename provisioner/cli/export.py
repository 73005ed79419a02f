"""The command ``provisioner export``: write the results of a job again."""

from pathlib import Path

from provisioner.models.summary import Summary
from provisioner.options import ExportOptions

from .console import Console
from .options import argument, command


@command(
    ExportOptions,
    argument("ledger", "LEDGER", of=Path),
    examples=(
        ("Results as JSON Lines", "provisioner export results.csv.ledger -o results.jsonl"),
        (
            "Results with the columns of the input",
            "provisioner export results.csv.ledger -o whole.csv --include-input",
        ),
        (
            "The rows to fix, in the format of the input",
            "provisioner export results.csv.ledger -o again.csv --failed fix.csv",
        ),
    ),
)
def export(ledger: Path, options: ExportOptions, console: Console) -> Summary:  # noqa: ARG001 - prints nothing but its summary
    """Write the results of a job again, in any format.

    --include-input and --failed read the input again; it must not have changed since it was planned.
    """
    from provisioner.api import perform_reading

    return perform_reading([str(ledger)], options)
