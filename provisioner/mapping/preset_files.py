"""Presets: mapping files that come with the program, one for the usual export of each CRM."""

import shlex
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from provisioner.errors import UsageError
from provisioner.options import AUTO, PRESETS
from provisioner.system.package_files import read_package_file
from provisioner.system.printable import quoted

from .mapping_files import read_mapping
from .rules import Preset

_NAMES = tuple(name for name in PRESETS if name != AUTO)
_MARKS = "marks"
_EXPORTS = {
    "salesforce-report": "a Salesforce report",
    "salesforce-dataloader": "a Salesforce Data Loader export",
    "hubspot": "a HubSpot export",
    "dynamics": "a Dynamics 365 export",
    "zendesk": "a Zendesk export",
    "zoho": "a Zoho export",
    "pipedrive": "a Pipedrive export",
    "freshdesk": "a Freshdesk export",
    "intercom": "an Intercom export",
    "google-contacts": "a Google Contacts export",
    "outlook": "an Outlook contacts export",
    "shopify": "a Shopify customer export",
    "mailchimp": "a Mailchimp audience export",
    "activecampaign": "contacts of the ActiveCampaign API",
    "monday": "a monday.com board export",
    "airtable": "records of the Airtable API",
    "genesys": "a Genesys Cloud contact list",
}
"""What a file is called that a preset maps."""


class PresetMatch(NamedTuple):
    """Name of a preset that fits an input, with the columns by which it was recognised."""

    preset: str
    columns: tuple[str, ...]


def preset_text(name: str) -> str:
    """Return the TOML text of a preset. Raise ``UsageError`` when there is no preset of that name."""
    if name not in _NAMES:
        near = get_close_matches(name, _NAMES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no preset {quoted(name)}", cure=f"{hint}the presets are: {', '.join(_NAMES)}")
    return _read(name)


def load_preset(name: str) -> Preset:
    """Return the parsed preset. Raise ``UsageError`` when there is no preset of that name."""
    file = read_mapping(preset_text(name), f"--preset {name}")
    return Preset(name, file.rules, file.key)


def detect_preset(name: str, columns: Sequence[str]) -> PresetMatch:
    """Return the preset that recognises the most columns of an input; ``name`` is the input's, for messages.

    Raise ``UsageError`` when no preset fits, or when several recognise equally many columns.
    """
    fits = matching_presets(columns)
    if not fits:
        raise UsageError(
            f"{name}: no preset knows these columns",
            cure=f"name one ({', '.join(_NAMES)}), or start a mapping file with {suggest_command(name)}",
        )
    best, *others = fits
    ties = [best, *(each for each in others if len(each.columns) == len(best.columns))]
    if len(ties) > 1:
        told = " or ".join(f"{each.preset} (it has {_listed(each.columns)})" for each in ties)
        raise UsageError(f"{name}: could be an export of {told}", cure="name the right one with --preset")
    return best


def suggest_command(name: str) -> str:
    """Return the command that proposes a mapping file for an input; stdin has nothing to read any more."""
    return f"provisioner mapping suggest {'FILE' if name == '-' else shlex.quote(name)}"


def matching_presets(columns: Sequence[str]) -> list[PresetMatch]:
    """Return every preset all of whose characteristic columns exist, the one with the most such columns first."""
    there = {name.strip() for name in columns}
    found = []
    for preset, marks in _marks().items():
        known: list[list[str]] = [each for each in marks if there.issuperset(each)]
        if known:
            longest = max(known, key=len)
            found.append(PresetMatch(preset, tuple(longest)))
    return sorted(found, key=lambda each: -len(each.columns))


def describe_export(columns: Sequence[str]) -> str:
    """Say whose export has these columns, as ``a HubSpot export``; empty where none is known."""
    return next((_EXPORTS[found.preset] for found in matching_presets(columns)), "")


def preset_hint(columns: Sequence[str]) -> str:
    """Say whose export has these columns and which preset maps it; empty where none is known."""
    hints = (
        f"this looks like {_EXPORTS[found.preset]}: --preset {found.preset}" for found in matching_presets(columns)
    )
    return next(hints, "")


def describe_match(found: PresetMatch) -> str:
    """Return a sentence for the user: which preset was recognised, and by which columns."""
    return f"preset {found.preset}: the columns {_listed(found.columns)} are those of its exports"


def _marks() -> Mapping[str, list[list[str]]]:
    import tomllib  # noqa: PLC0415 - most runs look for no preset

    document = tomllib.loads(_read(_MARKS))
    return {name: document[name] for name in _NAMES}


def _read(name: str) -> str:
    return read_package_file(__package__, f"presets/{name}.toml").decode()


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(quoted, columns))
