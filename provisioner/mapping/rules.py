"""What the user asked for, before any column is known."""

from collections.abc import Mapping
from dataclasses import dataclass

from .templates import Template


@dataclass(frozen=True, slots=True)
class Rule:
    """The template that fills one target, and the option (``origin``) it was given by."""

    origin: str
    template: Template


@dataclass(frozen=True, slots=True)
class Rules:
    """Which template fills which target.

    ``chosen`` rules stand in place of any column named after the target, ``spare`` ones fill in where a row
    gives nothing. ``key`` are the columns that identify a row.
    """

    chosen: Mapping[str, Rule]
    spare: Mapping[str, Rule]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column asked for, each once, in order."""
        rules = (*self.chosen.values(), *self.spare.values())
        asked = [column for rule in rules for column in rule.template.columns]
        return tuple(dict.fromkeys((*asked, *self.key)))
