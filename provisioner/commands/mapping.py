"""The command ``mapping``: a mapping file to start from."""

from provisioner.mapping import preset_text, suggest
from provisioner.models.summary import Summary
from provisioner.options import MappingCommandOptions


def starting_mapping(action: str, of: str, options: MappingCommandOptions) -> Summary:
    """Return the text of a mapping file in the summary's details, under ``mapping``.

    ``action`` is ``show``, with a preset's name as ``of``, or ``suggest``, with an export's path as ``of``. Raise
    ``ProvisionerError`` for an unknown preset and for an export that cannot be read.
    """
    text = preset_text(of) if action == "show" else _suggested(of, options)
    return Summary(command="mapping", details={"mapping": text})


def _suggested(file: str, options: MappingCommandOptions) -> str:
    from provisioner.planning.own_outputs import require_no_results  # noqa: PLC0415 - showing one reads no input
    from provisioner.sources import first_members, open_sources  # noqa: PLC0415 - the same

    with open_sources([file], options) as (source, *_):
        require_no_results([source])
        return suggest(source.columns, source.name, options, first_members(source))
