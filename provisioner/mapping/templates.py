"""Texts with ``{Column}`` in them: parsed once, bound once per source, rendered once per row.

A template can name columns and nothing else: it cannot index, call, format or compute, and what it puts in
is never read as a template again. What it comes to is bounded.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from provisioner.errors import UsageError
from provisioner.system.printable import quoted

Values = list[str] | dict[str, str]
"""A record's texts: along the source's columns, or by name."""

Getter = Callable[[Values], str]
"""Takes one text out of a record's values."""

MAX_CHARACTERS = 65_536
"""Ours: twice the largest text that any field may hold."""

_TOKEN = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<column>[^{}]*)\}|(?P<stray>[{}])|(?P<literal>[^{}]+)")


class TooLongError(Exception):
    """One row's text is too long to be worth keeping. It stays inside this room."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place in a template that one column fills, or ``default`` where the column has nothing but spaces."""

    column: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and slots, in order; ``text`` is what the user wrote."""

    text: str
    parts: tuple[str | Placeholder, ...]

    @classmethod
    def literal(cls, text: str) -> Self:
        """Return the template that gives this very text, braces and all."""
        return cls(text, (text,))

    @classmethod
    def of_column(cls, name: str) -> Self:
        """Return the template that gives one column, whatever its name is made of."""
        return cls(name, (Placeholder(name),))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names, each once, in order."""
        return tuple(dict.fromkeys(part.column for part in self.parts if isinstance(part, Placeholder)))

    def bind(self, locate: Callable[[Placeholder], Getter], origin: str = "") -> Getter:
        """Return what renders it, with ``locate`` telling how to get the text of a slot.

        An empty slot takes the spaces beside it along, unless they part two words: a name of two columns has no
        stray space when one is empty. ``TooLongError`` is raised, with ``origin``, for a row
        whose text exceeds ``MAX_CHARACTERS``.
        """
        getters = [locate(part) if isinstance(part, Placeholder) else Constant(part) for part in self.parts]
        match getters:
            case []:
                return Constant("")
            case [getter]:
                return getter
        are_slots = [isinstance(part, Placeholder) for part in self.parts]
        slots = [(at, get) for at, get in enumerate(getters) if are_slots[at]]
        own = [part if isinstance(part, str) else "" for part in self.parts]
        room = MAX_CHARACTERS - sum(map(len, own))

        def render(values: Values) -> str:
            texts, size, is_whole = own.copy(), 0, True
            for at, get in slots:
                text = texts[at] = get(values)
                size += len(text)
                if not text or text.isspace():
                    is_whole = False
            if size > room:
                raise TooLongError(f"{origin} comes to more than {MAX_CHARACTERS:,} characters")
            return "".join(texts) if is_whole else _closed_up(texts, are_slots)

        return render


def parse_template(text: str, origin: str) -> Template:
    """Read a template; ``{{`` and ``}}`` are braces. ``origin`` names the option in a ``UsageError``."""
    return Template(text, tuple(_part(token, origin) for token in _TOKEN.finditer(text)))


@dataclass(frozen=True, slots=True)
class Constant:
    """A getter that gives the same text for every row, so it need not be called for each."""

    text: str

    def __call__(self, _values: Values) -> str:
        """Give the text."""
        return self.text


def or_default(get: Getter, default: str) -> Getter:
    """Return a getter that gives ``default`` where the other gives nothing but spaces."""
    return lambda values: default if is_blank(text := get(values)) else text


def is_blank(text: str) -> bool:
    """Say whether a text has nothing to tell."""
    return not text or text.isspace()


def _part(token: re.Match[str], origin: str) -> str | Placeholder:
    match token.lastgroup:
        case "literal":
            return token[0]
        case "brace":
            return token[0][0]
    column, _, default = (token["column"] or "").partition("|")
    if column:
        return Placeholder(column, default)
    fault = "names no column" if token.lastgroup == "column" else "has no partner"
    raise UsageError(
        f"{origin}: {quoted(token[0])} at character {token.start() + 1} {fault}",
        cure="write {Column Name} for a column, {{ and }} for braces",
    )


def _closed_up(texts: Sequence[str], are_slots: Sequence[bool]) -> str:
    """Join texts without the empty slots; spaces are taken from the template's own texts only.

    Those before an empty slot stay where a word would be joined to another.
    """
    kept: list[str] = []
    gap, is_own, is_start = "", False, False
    for text, is_slot in zip(texts, are_slots, strict=True):
        if is_slot and is_blank(text):
            last = kept.pop() if kept and is_own else ""
            bare = last.rstrip(" ")
            gap = last[len(bare) :] or gap
            kept += [bare] if bare else []
            is_start = not kept
        elif text := text.lstrip(" ") if is_start and not is_slot else text:
            kept += [gap, text] if text[0].isalnum() and not is_start else [text]
            gap, is_start = "", False
        is_own = not is_slot and bool(kept)
    text = "".join(kept)
    return "" if text.isspace() else text
