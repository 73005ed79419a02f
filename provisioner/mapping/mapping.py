"""Where each text of a WebChat comes from: read from the options once, bound to every source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from provisioner.options import MappingOptions

from .assignments import identity_template, read_assignments, require_unicode
from .binders import Binder, ShapeBinder
from .header import Header
from .keys import joined
from .layouts import lay_out
from .rules import Rule, Rules
from .templates import Template, parse


@dataclass(frozen=True, slots=True)
class Mapping:
    """Turns the values of records into the texts of WebChats.

    A text comes from, in this order: the ``--set`` of its target; the column named after it; and, where that
    gives nothing in a row, the option for all rows (``--address-sid``, an ``--identity`` or ``--first-message``
    template).
    """

    rules: Rules
    _settings: dict[str, str]

    @classmethod
    def from_options(cls, options: MappingOptions, *, ui_version: str = "", spare_address: str = "") -> Self:
        """Read the options; raise ``UsageError`` for what cannot be understood.

        ``ui_version`` holds for rows that give none; ``spare_address`` where nobody names an address.
        """
        texts = (options.address_sid, options.identity, options.first_message, ui_version)
        require_unicode((*options.set, *options.key, *texts))
        address_sid = options.address_sid or spare_address
        chosen = read_assignments(options.set)
        spare = {
            "address_sid": Rule("--address-sid", Template.literal(address_sid)),
            "identity": Rule("--identity", identity_template(options.identity)),
            "first_message": Rule("--first-message", parse(options.first_message, "--first-message")),
            "ui_version": Rule("--ui-version", Template.literal(ui_version)),
        }
        given = {target: rule for target, rule in spare.items() if rule.template.text}
        settings = {
            "address_sid": address_sid,
            "friendly_name": "yes" if options.friendly_name else "no",
            "identity": options.identity or "auto",
            "key": joined(options.key),
            "ui_version": ui_version,
        }
        if options.first_message:
            settings["first_message"] = options.first_message
        settings |= {f"set {target}": chosen[target].template.text for target in sorted(chosen)}
        return cls(Rules(chosen, given, options.key), settings)

    def settings(self) -> dict[str, str]:
        """Describe everything that decides what a row asks for, so that a changed mapping is noticed."""
        return dict(self._settings)

    def bind(self, columns: Sequence[str], *, is_open_ended: bool, source: str = "") -> Binder:
        """Prepare for one source; ``source`` names it in a ``UsageError`` about its columns.

        Records of an open-ended source are mappings that bring their own names, whatever ``columns`` says.
        """
        if is_open_ended:
            return ShapeBinder(self.rules)
        return lay_out(self.rules, Header(columns, source), is_open_ended=False)
