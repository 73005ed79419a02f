"""Where each text of a WebChat comes from: read from the options once, bound to every source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Self

from provisioner.errors import UsageError
from provisioner.options import AUTO, InputOptions, MappingOptions

from .assignments import identity_template, read_assignments, require_unicode
from .binders import DynamicMapper, RecordMapper
from .header import Header
from .keys import join_key
from .layouts import compile_mapper
from .mapping_files import NO_FILE, load_mapping
from .preset_files import describe_match, detect_preset, load_preset
from .rules import FieldRules, Rule, describe_rules
from .templates import Template, parse_template


@dataclass(frozen=True, slots=True)
class Mapping:
    """Turns the values of records into the texts of WebChats.

    A text comes from, in this order: the ``--set`` of its target; the mapping file; the preset; the column named
    after it; and, where that gives nothing in a row, the option for all rows (``--address-sid``, an
    ``--identity`` or ``--first-message`` template). ``notes`` are sentences for people about how the mapping was
    chosen.
    """

    rules: FieldRules
    notes: tuple[str, ...]
    _settings: dict[str, str]
    _reading: InputOptions
    _choose_preset: Callable[[str], "Mapping"] | None = None

    @classmethod
    def from_options(cls, options: MappingOptions, *, ui_version: str = "", default_address: str = "") -> Self:
        """Read the options and the files they name; raise ``UsageError`` for what cannot be understood.

        ``ui_version`` holds for rows that give none; ``default_address`` where nobody names an address.
        """
        texts = (options.address_sid, options.identity, options.first_message, ui_version)
        require_unicode((*options.set, *options.key, *texts))
        address_sid = options.address_sid or default_address
        preset = load_preset(options.preset) if options.preset not in ("", AUTO) else NO_FILE
        file = load_mapping(options.map) if options.map else NO_FILE
        spare = {
            "address_sid": _rule("--address-sid", Template.literal(address_sid)),
            "identity": _rule("--identity", identity_template(options.identity)),
            "first_message": _rule("--first-message", parse_template(options.first_message, "--first-message")),
            "ui_version": _rule("--ui-version", Template.literal(ui_version)),
        }
        rules = FieldRules(
            explicit={**preset.rules, **file.rules, **read_assignments(options.set)},
            fallback={target: rule for target, rule in spare.items() if rule.choices[0].text},
            key=tuple(_rule("--key", Template.of_column(name)) for name in options.key) or file.key or preset.key,
        )
        settings = {
            "address_sid": address_sid,
            "friendly_name": "yes" if options.friendly_name else "no",
            "identity": options.identity or "auto",
            "key": join_key([part.choices[0].text for part in rules.key]),
            "ui_version": ui_version,
            **describe_rules(rules),
        }
        if options.first_message:
            settings["first_message"] = options.first_message
        choose = (
            partial(cls._with_preset, options, ui_version, default_address) if options.preset == AUTO else None
        )
        return cls(rules, (), settings, file.reading, choose)

    @classmethod
    def _with_preset(cls, options: MappingOptions, ui_version: str, default_address: str, preset: str) -> Self:
        chosen = replace(options, preset=preset)
        return cls.from_options(chosen, ui_version=ui_version, default_address=default_address)

    def reading(self, options: InputOptions) -> InputOptions:
        """Return how the input is to be read: as the options say, else as the mapping file does."""
        names = [each.name for each in fields(InputOptions)]
        return InputOptions(**{name: getattr(options, name) or getattr(self._reading, name) for name in names})

    def resolve_preset(self, headers: Sequence[tuple[str, Sequence[str]]]) -> "Mapping":
        """Return the mapping for inputs of these names and columns, with the preset they are recognised by.

        Without ``--preset auto`` that is this one. Raise ``UsageError`` for inputs that no one preset fits.
        """
        if self._choose_preset is None:
            return self
        found = {name: detect_preset(name, columns) for name, columns in headers}
        presets = {each.preset for each in found.values()}
        if len(presets) > 1:
            listed = ", ".join(f"{name} is of {each.preset}" for name, each in found.items())
            raise UsageError(f"the inputs come of several systems: {listed}", cure="run each of them on its own")
        first = next(iter(found.values()))
        return replace(self._choose_preset(first.preset), notes=(describe_match(first),))

    def settings(self) -> dict[str, str]:
        """Describe everything that decides what a row asks for, so that a changed mapping is noticed."""
        return dict(self._settings)

    def bind(self, columns: Sequence[str], *, has_dynamic_columns: bool, source: str = "") -> RecordMapper:
        """Prepare for one source; ``source`` names it in a ``UsageError`` about its columns.

        Records of an open-ended source are mappings that bring their own names, whatever ``columns`` says.
        """
        if has_dynamic_columns:
            return DynamicMapper(self.rules)
        return compile_mapper(self.rules, Header(columns, source), has_dynamic_columns=False, found=set())


def _rule(origin: str, template: Template) -> Rule:
    return Rule(origin, (template,))
