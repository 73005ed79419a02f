"""What the user asked for, before any column is known."""

from collections.abc import Mapping
from dataclasses import dataclass

from .conversions import Kind
from .templates import Template

TEXT = Kind("text")


@dataclass(frozen=True, slots=True)
class Rule:
    """What fills one target: the first of ``choices`` whose columns all exist, as a value of ``kind``.

    ``origin`` is the option, or the place in a file, that gave it. A choice without columns always fits.
    """

    origin: str
    choices: tuple[Template, ...]
    kind: Kind = TEXT

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of all choices, each once, in order."""
        return tuple(dict.fromkeys(column for choice in self.choices for column in choice.columns))

    @property
    def is_optional(self) -> bool:
        """Say whether it is content with a source that has none of its columns."""
        return any(not choice.columns for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rule fills which target.

    ``chosen`` rules stand in place of any column named after the target, ``spare`` ones fill in where a row
    gives nothing. ``key`` gives the columns that identify a row, a rule for each.
    """

    chosen: Mapping[str, Rule]
    spare: Mapping[str, Rule]
    key: tuple[Rule, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column asked for, each once, in order."""
        rules = (*self.chosen.values(), *self.spare.values(), *self.key)
        return tuple(dict.fromkeys(column for rule in rules for column in rule.columns))


def describe_rules(rules: Rules) -> dict[str, str]:
    """Write down what decides a row's texts, so that equal rules, wherever they were given, read the same."""
    described: dict[str, str] = {}
    for target in sorted(rules.chosen):
        rule = rules.chosen[target]
        described |= _described_choices(f"set {target}", target, rule)
        if rule.kind != TEXT:
            described[f"type of {target}"] = " ".join(filter(None, rule.kind))
    for number, part in enumerate(rules.key, 1):
        described |= dict(list(_described_choices("", f"key {number}", part).items())[1:])
    return described


def _described_choices(first: str, name: str, rule: Rule) -> dict[str, str]:
    names = [first, *(f"choice {number} of {name}" for number in range(2, len(rule.choices) + 1))]
    return {name: choice.text for name, choice in zip(names, rule.choices, strict=True)}
