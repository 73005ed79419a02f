"""Texts with ``{Column}`` in them: parsed once, bound once per source, rendered once per row.

A template can name columns and nothing else: it cannot index, call, format or compute, and what it puts in
is never read as a template again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from provisioner.errors import UsageError

Values = list[str] | dict[str, str]
"""A record's texts: along the source's columns, or by name."""

Getter = Callable[[Values], str]
"""Takes one text out of a record's values."""

_TOKEN = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<column>[^{}]*)\}|(?P<stray>[{}])|(?P<literal>[^{}]+)")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template that one column fills."""

    column: str


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and slots, in order; ``text`` is what the user wrote."""

    text: str
    parts: tuple[str | Slot, ...]

    @classmethod
    def literal(cls, text: str) -> Self:
        """Return the template that gives this very text, braces and all."""
        return cls(text, (text,))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names, each once, in order."""
        return tuple(dict.fromkeys(part.column for part in self.parts if isinstance(part, Slot)))

    def bind(self, locate: Callable[[str], Getter]) -> Getter:
        """Return what renders it, with ``locate`` telling how to get a column's text.

        A text of several parts that comes to nothing but spaces is empty: no column had anything to say.
        """
        getters = [locate(part.column) if isinstance(part, Slot) else constant(part) for part in self.parts]
        match getters:
            case []:
                return constant("")
            case [getter]:
                return getter
        return lambda values: _unless_blank("".join([get(values) for get in getters]))


def parse(text: str, origin: str) -> Template:
    """Read a template; ``{{`` and ``}}`` are braces. ``origin`` names the option in a ``UsageError``."""
    return Template(text, tuple(_part(token, origin) for token in _TOKEN.finditer(text)))


def constant(text: str) -> Getter:
    """Return a getter that gives the same text for every row."""
    return lambda _values: text


def _part(token: re.Match[str], origin: str) -> str | Slot:
    match token.lastgroup:
        case "literal":
            return token[0]
        case "brace":
            return token[0][0]
        case "column" if token["column"]:
            return Slot(token["column"])
    fault = "names no column" if token.lastgroup == "column" else "has no partner"
    raise UsageError(
        f"{origin}: {token[0]!r} at character {token.start() + 1} {fault}",
        cure="write {Column Name} for a column, {{ and }} for braces",
    )


def _unless_blank(text: str) -> str:
    return "" if text.isspace() else text
