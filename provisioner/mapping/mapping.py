"""Mapping of a job: which column or template fills each field; read from options, then bound to each source."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Self

import msgspec
from msgspec import structs

from provisioner.errors import UsageError
from provisioner.models.accounts import JobAccounts
from provisioner.options import AUTO, InputOptions, MappingOptions

from .account_sources import ACCOUNT_FIELD
from .assignments import identity_template, read_assignments, require_unicode
from .binders import DynamicMapper, RecordMapper
from .checks import require_fitting_preset, require_no_column_as_text
from .header import Header
from .keys import join_key
from .layouts import compile_mapper
from .mapping_files import NO_FILE, load_mapping
from .preset_files import describe_match, detect_preset, load_preset
from .rules import NO_PRESET, FieldRules, Rule, describe_rules
from .templates import Template, parse_template


class Mapping(msgspec.Struct, frozen=True):
    """Rules that fill the fields of WebChats from the columns of records.

    The text of a field comes from the first of: its ``--set``; the mapping file; the preset; the column that is
    named after it. When that gives an empty text in a row, the option for all rows is used (``--address-sid``,
    ``--ui-version``, an ``--identity`` or ``--first-message`` template). ``notes`` are sentences for the user
    about the preset that was recognised. No column fills one of the fields in ``unnamed`` by its name.
    ``accounts`` are those of a job for many accounts, in which a column may name the account; None for any other.
    """

    rules: FieldRules
    notes: tuple[str, ...]
    _settings: dict[str, str]
    _reading: InputOptions
    _choose_preset: Callable[[str], "Mapping"] | None = None
    stand_in_address: str = ""
    unnamed: Collection[str] = (ACCOUNT_FIELD,)
    accounts: JobAccounts | None = None

    @classmethod
    def from_options(cls, options: MappingOptions, *, ui_version: str = "", default_address: str = "") -> Self:
        """Return the mapping that the options and the files named by them describe.

        ``ui_version`` applies to rows that have none, ``default_address`` when no ``--address-sid`` is given.
        Raise ``UsageError`` when an option or a file cannot be read or is not valid.
        """
        texts = (options.address_sid, options.identity, options.first_message, ui_version)
        require_unicode((*options.set, *options.key, *texts))
        address_sid = options.address_sid or default_address
        preset = load_preset(options.preset) if options.preset not in ("", AUTO) else NO_PRESET
        file = load_mapping(options.map) if options.map else NO_FILE
        spare = {
            "address_sid": _rule(
                "--address-sid" if options.address_sid else "--simulate", Template.literal(address_sid)
            ),
            "identity": _rule("--identity", identity_template(options.identity)),
            "first_message": _rule("--first-message", parse_template(options.first_message, "--first-message")),
            "ui_version": _rule("--ui-version", Template.literal(ui_version)),
        }
        key = tuple(_rule("--key", Template.of_column(name)) for name in options.key)
        rules = FieldRules(
            explicit={**preset.rules, **file.rules, **read_assignments(options.set)},
            fallback={target: rule for target, rule in spare.items() if rule.choices[0].text},
            key=key or file.key or preset.key,
            preset=preset,
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
        """Return the options for reading the input; those not given are taken from the mapping file."""
        names = [each.name for each in fields(InputOptions)]
        return InputOptions(**{name: getattr(options, name) or getattr(self._reading, name) for name in names})

    def resolve_preset(self, headers: Sequence[tuple[str, Sequence[str]]]) -> "Mapping":
        """Return the mapping with the preset that fits the inputs; without ``--preset auto``, this mapping.

        ``headers`` lists (name, columns) of each input. Raise ``UsageError`` when no preset fits an input, when
        several fit it equally well, or when the inputs need different presets.
        """
        if self._choose_preset is None:
            return self
        found = {name: detect_preset(name, columns) for name, columns in headers}
        presets = {each.preset for each in found.values()}
        if len(presets) > 1:
            listed = ", ".join(f"{name} is from {each.preset}" for name, each in found.items())
            raise UsageError(f"the inputs come from several systems: {listed}", cure="run each of them on its own")
        first = next(iter(found.values()))
        chosen = self._choose_preset(first.preset)
        return structs.replace(
            chosen,
            notes=(describe_match(first),),
            stand_in_address=self.stand_in_address,
            unnamed=self.unnamed,
            accounts=self.accounts,
        )

    def settings(self) -> dict[str, str]:
        """Return all settings that decide the content of requests, as texts by name.

        They are kept in the ledger and compared, so that a changed mapping is noticed.
        """
        return dict(self._settings)

    def bind(self, columns: Sequence[str], *, has_dynamic_columns: bool, source: str = "") -> RecordMapper:
        """Return the mapper for one source; ``source`` is its name for error messages.

        With ``has_dynamic_columns`` every record is a dict with its own names, and ``columns`` are those of the
        first records. Otherwise raise ``UsageError`` as ``compile_mapper`` does. Raise it as the checks do.
        """
        if self.accounts is None and (rule := self.rules.explicit.get(ACCOUNT_FIELD)):
            raise UsageError(
                f"{rule.origin}: only a job for many accounts has the field {ACCOUNT_FIELD}",
                cure="add --accounts FILE, or omit it",
            )
        rules = structs.replace(
            self.rules,
            stand_in_address=self.stand_in_address,
            unnamed=[field for field in self.unnamed if self.accounts is None or field != ACCOUNT_FIELD],
            accounts=self.accounts,
        )
        header = Header(columns, source)
        require_no_column_as_text(rules, header, has_dynamic_columns=has_dynamic_columns)
        require_fitting_preset(rules, header, has_dynamic_columns=has_dynamic_columns)
        if has_dynamic_columns:
            return DynamicMapper(rules, columns)
        return compile_mapper(rules, header, has_dynamic_columns=False, found=set())


def _rule(origin: str, template: Template) -> Rule:
    return Rule(origin, (template,))
