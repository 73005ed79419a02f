"""``provisioner mapping``: mapping files to start from."""

from provisioner.models.summary import Summary
from provisioner.options import MappingCommandOptions

from .console import Console
from .options import argument, command


@command(
    MappingCommandOptions,
    argument("action", "show|suggest", choices=("show", "suggest")),
    argument("of", "NAME|FILE"),
)
def mapping(action: str, of: str, options: MappingCommandOptions, console: Console) -> Summary:
    """Print a mapping file to start from: of a preset, or for an export.

    show NAME prints the preset of that name. suggest FILE reads the columns of an export and proposes what each
    field could be made from. Both are accepted by --map: save the text to a file, and change what is not as you
    want it.
    """
    from provisioner.mapping import preset_text

    text = preset_text(of) if action == "show" else _suggested(of, options)
    for line in text.splitlines():
        console.print(line)
    return Summary(command="mapping", details={"mapping": text})


def _suggested(file: str, options: MappingCommandOptions) -> str:
    from provisioner.mapping import suggest
    from provisioner.sources import open_sources

    with open_sources([file], options) as (source, *_):
        return suggest(source.columns, source.name, options)
