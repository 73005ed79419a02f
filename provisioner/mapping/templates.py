"""Templates, texts with ``{Column}`` placeholders: parsed once, bound once per source, rendered once per row.

A placeholder names a column and nothing else: it cannot index, call, format or compute. Inserted values are not
parsed again. The length of the rendered text is limited.
"""

import re
from collections.abc import Callable, Sequence
from typing import Self

import msgspec

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

Values = list[str] | dict[str, str]
"""Texts of a record: a list in the order of the source's columns, or a dict by name."""

Getter = Callable[[Values], str]
"""Function that returns one text from the values of a record."""

MAX_CHARACTERS = 65_536
"""Longest rendered text, in characters. The limit is ours: twice the longest text that a field may have."""

_TOKEN = late_pattern(r"(?P<brace>\{\{|\}\})|\{(?P<column>[^{}]*)\}|(?P<stray>[{}])|(?P<literal>[^{}]+)")


class TooLongError(Exception):
    """Raised when a rendered text exceeds ``MAX_CHARACTERS``. Caught in this package."""


class Placeholder(msgspec.Struct, frozen=True):
    """Placeholder for the text of one column; ``default`` replaces a blank text."""

    column: str
    default: str = ""


class MeantText(str):
    """Literal text that was written as ``{|text}``: it is meant, also where a column has that name."""

    __slots__ = ()

    @staticmethod
    def written(text: str) -> str:
        """Return the template of exactly ``text``."""
        return "".join(2 * each if each in "{}" else f"{{|{each}}}" for each in re.split(r"([{}])", text) if each)


class Template(msgspec.Struct, frozen=True):
    """Parsed template: literal texts and placeholders in order. ``text`` is the text that the user wrote."""

    text: str
    parts: tuple[str | Placeholder, ...]

    @classmethod
    def literal(cls, text: str) -> Self:
        """Return a template that renders ``text`` unchanged; braces have no meaning in it."""
        return cls(text, (text,))

    @classmethod
    def of_column(cls, name: str) -> Self:
        """Return a template of one placeholder; the name of the column may contain any character."""
        return cls(name, (Placeholder(name),))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in the placeholders, without repetition, in order."""
        return tuple(dict.fromkeys(part.column for part in self.parts if isinstance(part, Placeholder)))

    def describe(self) -> str:
        """Return the template as it is shown to people; one that is a single column is told as that."""
        match self.parts:
            case (Placeholder(column, ""),):
                return f"column {quoted(column)}"
        return self.text

    def bind(self, locate: Callable[[Placeholder], Getter], origin: str = "") -> Getter:
        """Return the function that renders the template; ``locate`` returns the getter of a placeholder.

        A blank placeholder is removed together with the spaces beside it, unless they separate two words:
        ``{First} {Last}`` has no stray space when one of them is blank. Rendering raises ``TooLongError``, which
        names ``origin``, for a row whose text exceeds ``MAX_CHARACTERS``.
        """
        getters = [locate(part) if isinstance(part, Placeholder) else Constant(str(part)) for part in self.parts]
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
    """Parse a template; ``{{`` and ``}}`` stand for braces, ``{Column|default}`` gives a default.

    ``{|text}`` is the text itself, whatever the columns are called.

    Raise ``UsageError``, which names the option ``origin``, for a single brace or a placeholder without a column.
    """
    return Template(text, tuple(_part(token, origin) for token in _TOKEN.finditer(text)))


class Constant(msgspec.Struct, frozen=True):
    """Getter of a text that is the same for every row, so that callers can read ``text`` once."""

    text: str

    def __call__(self, _values: Values) -> str:
        """Return the text."""
        return self.text


def or_default(get: Getter, default: str) -> Getter:
    """Return a getter that gives ``default`` when the text of ``get`` is blank."""
    return lambda values: default if is_blank(text := get(values)) else text


def is_blank(text: str) -> bool:
    """Return whether a text is empty or only white space."""
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
    if default:
        return MeantText(default)
    fault = "names no column" if token.lastgroup == "column" else "has no partner"
    raise UsageError(
        f"{origin}: {quoted(token[0])} at character {token.start() + 1} {fault}",
        cure="write {Column Name} for a column, {{ and }} for braces",
    )


def _closed_up(texts: Sequence[str], are_slots: Sequence[bool]) -> str:
    """Join the texts without blank placeholders, and remove the literal spaces beside those.

    Spaces before a blank placeholder are kept where two words would otherwise be joined. Spaces inside values are
    never removed.
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
