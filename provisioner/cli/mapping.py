"""The command ``provisioner mapping``: print a mapping file to start from."""

from provisioner.models.summary import Summary
from provisioner.options import MappingCommandOptions

from .console import Console
from .options import argument, command


@command(
    MappingCommandOptions,
    argument("action", "show|suggest", choices=("show", "suggest")),
    argument("of", "NAME|FILE"),
    examples=(
        ("Propose a mapping for an export", "provisioner mapping suggest export.csv > mapping.toml"),
        ("Print the mapping of a preset", "provisioner mapping show hubspot > mapping.toml"),
        ("For a sheet of a workbook", "provisioner mapping suggest export.xlsx --sheet Contacts"),
    ),
)
def mapping(action: str, of: str, options: MappingCommandOptions, console: Console) -> Summary:
    """Print a mapping file to start from: of a preset, or for an export.

    show NAME prints the preset of that name. suggest FILE reads the columns of an export and proposes a column for
    each field. --map accepts both: save the text to a file and edit it.
    """
    from provisioner.api import perform_mapping

    summary = perform_mapping(action, of, options)
    for line in summary.details["mapping"].splitlines():
        console.print(line)
    return summary
