"""What the user asked for, before any column is known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from .conversions import ValueType
from .templates import Template

TEXT = ValueType("text")


@dataclass(frozen=True, slots=True)
class Rule:
    """What fills one target: the first of ``choices`` whose columns all exist, as a value of ``kind``.

    ``origin`` is the option, or the place in a file, that gave it. A choice without columns always fits.
    """

    origin: str
    choices: tuple[Template, ...]
    kind: ValueType = TEXT

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of all choices, each once, in order."""
        return tuple(dict.fromkeys(column for choice in self.choices for column in choice.columns))

    @property
    def is_optional(self) -> bool:
        """Say whether it is content with a source that has none of its columns."""
        return any(not choice.columns for choice in self.choices)


@dataclass(frozen=True, slots=True)
class FieldRules:
    """Which rule fills which target.

    ``explicit`` rules stand in place of any column named after the target, ``fallback`` ones fill in where a row
    gives nothing. ``key`` gives the columns that identify a row, a rule for each.
    """

    explicit: Mapping[str, Rule]
    fallback: Mapping[str, Rule]
    key: tuple[Rule, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column asked for, each once, in order."""
        rules = (*self.explicit.values(), *self.fallback.values(), *self.key)
        return tuple(dict.fromkeys(column for rule in rules for column in rule.columns))


def describe_rules(rules: FieldRules) -> dict[str, str]:
    """Write down what decides a row's texts, so that equal rules, wherever they were given, read the same."""
    described = dict(_described(rule, target) for target, rule in rules.explicit.items())
    typed = {target: rule.kind for target, rule in rules.explicit.items() if rule.kind != TEXT}
    described |= {f"type of {target}": " ".join(filter(None, kind)) for target, kind in typed.items()}
    parts = {f"key {number}": part for number, part in enumerate(rules.key, 1) if len(part.choices) > 1}
    described |= dict(_described(part, name) for name, part in parts.items())
    return dict(sorted(described.items()))


def _described(rule: Rule, name: str) -> tuple[str, str]:
    """Name several choices in another way than a single one, or some text could be taken for a list of them."""
    texts = [choice.text for choice in rule.choices]
    if len(texts) == 1:
        return f"set {name}", texts[0]
    return f"first of {name}", json.dumps(texts, ensure_ascii=False)
