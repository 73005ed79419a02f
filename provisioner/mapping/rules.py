"""Rules of a mapping, as the user gave them, before the columns of an input are known."""

import json
from collections.abc import Collection, Mapping

import msgspec

from provisioner.models.accounts import JobAccounts

from .conversions import ValueType
from .templates import Template

TEXT = ValueType("text")
"""Type of a value that is not converted."""


class Rule(msgspec.Struct, frozen=True):
    """Rule that fills one target with the first of ``choices`` whose columns all exist.

    The value is of type ``kind``. A choice without columns always fits. ``origin`` is the option or the file
    position that gave the rule, for error messages.
    """

    origin: str
    choices: tuple[Template, ...]
    kind: ValueType = TEXT

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of all choices, without repetition, in order."""
        return tuple(dict.fromkeys(column for choice in self.choices for column in choice.columns))

    @property
    def place(self) -> str:
        """Where the rule was given, in short: ``--set``, ``--preset hubspot``, ``mapping.toml, line 3``."""
        place = self.origin.rpartition(": ")[0] or self.origin.partition(" ")[0]
        return place.partition(", line")[0] if place.startswith("--preset") else place

    @property
    def is_optional(self) -> bool:
        """Return whether the columns may all be missing, because one of the choices needs none."""
        return any(not choice.columns for choice in self.choices)


class Preset(msgspec.Struct, frozen=True):
    """The rules of a preset by target, and one for each part of the key; without a name, there is none."""

    name: str
    rules: Mapping[str, Rule]
    key: tuple[Rule, ...]


NO_PRESET = Preset("", {}, ())


class FieldRules(msgspec.Struct, frozen=True):
    """All rules of a mapping, by target.

    An ``explicit`` rule replaces the column that is named after the target. A ``fallback`` rule applies to rows in
    which the target would be empty. ``key`` holds one rule for each column that identifies a row. Some of the
    rules may come from ``preset``. ``stand_in_address`` is the address SID of inputs for which nothing gives one;
    empty: that is an error. No column fills one of the fields in ``unnamed`` by its name.
    ``accounts`` are those of a job for many accounts, None for any other job.
    """

    explicit: Mapping[str, Rule]
    fallback: Mapping[str, Rule]
    key: tuple[Rule, ...]
    preset: Preset = NO_PRESET
    stand_in_address: str = ""
    unnamed: Collection[str] = ()
    accounts: JobAccounts | None = None

    @property
    def of_preset(self) -> tuple[Rule, ...]:
        """Those that come from the preset, and that nothing else stands in place of."""
        fields = (rule for target, rule in self.preset.rules.items() if self.explicit.get(target) is rule)
        return *fields, *(part for part in self.preset.key if part in self.key)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns that the rules name, without repetition, in order."""
        rules = (*self.explicit.values(), *self.fallback.values(), *self.key)
        return tuple(dict.fromkeys(column for rule in rules for column in rule.columns))


def describe_rules(rules: FieldRules) -> dict[str, str]:
    """Return a description of all rules that decide a row's texts, as texts by name, sorted.

    Equal rules have equal descriptions, whether an option or a file gave them.
    """
    described = dict(_described(rule, target) for target, rule in rules.explicit.items())
    typed = {target: rule.kind for target, rule in rules.explicit.items() if rule.kind != TEXT}
    described |= {f"type of {target}": " ".join(filter(None, kind)) for target, kind in typed.items()}
    parts = {f"key {number}": part for number, part in enumerate(rules.key, 1) if len(part.choices) > 1}
    described |= dict(_described(part, name) for name, part in parts.items())
    return dict(sorted(described.items()))


def _described(rule: Rule, name: str) -> tuple[str, str]:
    """Return name and text of a rule; one with several choices has another name, since its text is a JSON list."""
    texts = [choice.text for choice in rule.choices]
    if len(texts) == 1:
        return f"set {name}", texts[0]
    return f"first of {name}", json.dumps(texts, ensure_ascii=False)
