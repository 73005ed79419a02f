"""Mistakes in a mapping that the columns of an input show: rules that can be followed, and were hardly meant."""

import re
from collections.abc import Iterator, Sequence
from typing import Self

import msgspec

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted, shortened

from .column_words import is_about_a_person
from .field_sources import FieldSourceBuilder
from .header import Header
from .preset_files import matching_presets, preset_hint
from .rules import FieldRules, Rule
from .templates import MeantText, Placeholder, Template

_WITH_TEXTS = ("first_message", "identity")
"""The options for all rows whose text is a template."""
_SIGNS = "\"'`´‘’“”„«»<>[](){}$%#"  # noqa: RUF001 - quotes as word processors write them
"""Characters that other programs write around the name of a column, and quotes."""
_BETWEEN = late_pattern(rf"[\s,;{re.escape(_SIGNS)}]+")
_LOOSE = late_pattern(rf"[\s_\-{re.escape(_SIGNS)}]+")
_DOTTED = late_pattern(r"[^\s.:/@]+(?:\.[^\s.:/@]+)+")
_PLACEHOLDER_SIGNS = {("$", ""), ("%", "%"), ("{", "}")}
"""What other programs write before and after a placeholder in braces."""


def require_no_column_as_text(rules: FieldRules, header: Header, *, has_dynamic_columns: bool) -> None:
    """Raise ``UsageError`` for a template with a text that is the name of a column: its braces are missing.

    The spelling may differ in case, blanks, ``_``, ``-``, quotes and brackets. A text may be several names, and a
    part of a template. With ``has_dynamic_columns`` it may be a dotted name that leads into a column. A preset is
    not looked at: its texts are ours.
    """
    names = _ColumnNames.of(header.columns, has_dynamic_columns=has_dynamic_columns)
    for rule in _rules_of_user(rules):
        for choice in rule.choices:
            if choice.columns:
                _require_no_column_in_part(choice, names, rule, header)
                _require_no_signs(choice, rule, header)
            elif not any(isinstance(part, MeantText) for part in choice.parts):
                text = "".join(map(str, choice.parts))
                if found := names.found_in(text):
                    raise _no_braces(header, rule, text, found)


def _require_no_column_in_part(choice: Template, names: "_ColumnNames", rule: Rule, header: Header) -> None:
    """Raise ``UsageError`` for a literal part that is the name of a column which no placeholder names."""
    used = set(map(_folded, choice.columns))
    for part in choice.parts:
        if isinstance(part, Placeholder | MeantText):
            continue
        found = names.found_in(part)
        if found and used.isdisjoint(map(_folded, found)):
            raise _no_braces(header, rule, part.strip(), found)


def _require_no_signs(choice: Template, rule: Rule, header: Header) -> None:
    """Raise ``UsageError`` for the placeholder of another program around ours, as in ``${First Name}``.

    Only for columns about a person: ``${Amount}`` may well be meant.
    """
    match choice.parts:
        case (MeantText(), *_):
            return
        case (str(before), Placeholder(column)):
            after = ""
        case (str(before), Placeholder(column), str(after)):
            pass
        case _:
            return
    if (before, after) in _PLACEHOLDER_SIGNS and is_about_a_person(column):
        itself = "" if before == "{" else f" {MeantText.written(before)} is the text itself"
        raise header.fault(
            f"{rule.origin}: every row would get {quoted(before)} before its {quoted(column)}",
            cure=f"did you mean {{{column}}}?{itself}",
        )


def _no_braces(header: Header, rule: Rule, text: str, found: Sequence[str]) -> UsageError:
    called = "a column is called so" if len(found) == 1 else "columns are called so"
    meant = " ".join(f"{{{column}}}" for column in found)
    return header.fault(
        f"{rule.origin}: every row would get the text {quoted(text)}, and {called}",
        cure=f"did you mean {meant}? {shortened(MeantText.written(text))} is the text itself",
    )


class _ColumnNames(msgspec.Struct, frozen=True):
    """Names of columns by what all their spellings have in common; ``longest`` is the most words of one."""

    by_folded: dict[str, str]
    longest: int
    has_members: bool

    @classmethod
    def of(cls, columns: Sequence[str], *, has_dynamic_columns: bool) -> Self:
        by_folded = {folded: name for name in reversed(columns) if (folded := _folded(name))}
        longest = max((len(_words(name)) for name in by_folded.values()), default=0)
        return cls(by_folded, longest * 2, has_dynamic_columns)

    def found_in(self, text: str) -> tuple[str, ...]:
        """Return the columns whose names a text consists of; none if it has anything else."""
        if column := self.by_folded.get(_folded(text)):
            return (column,)
        if self.has_members and (dotted := self._member(text)):
            return (dotted,)
        return self._several(_words(text))

    def _member(self, text: str) -> str:
        """Return a dotted name that starts with the name of a column; empty for another text."""
        bare = text.strip(f" {_SIGNS}")
        return bare if _DOTTED.fullmatch(bare) and _folded(bare.partition(".")[0]) in self.by_folded else ""

    def _several(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the columns whose names the words are, taking the longest name each time."""
        found: list[str] = []
        while words:
            counts = range(min(len(words), self.longest), 0, -1)
            taken = next((each for each in counts if "".join(words[:each]) in self.by_folded), 0)
            if not taken:
                return ()
            found.append(self.by_folded["".join(words[:taken])])
            words = words[taken:]
        return tuple(found)


def _folded(text: str) -> str:
    """Return what the spellings of a column's name have in common."""
    return _LOOSE.sub("", text).casefold()


def _words(text: str) -> list[str]:
    return [folded for word in _BETWEEN.split(text) if (folded := _folded(word))]


def _rules_of_user(rules: FieldRules) -> Iterator[Rule]:
    preset = rules.preset.rules
    yield from (rule for target, rule in rules.explicit.items() if rule is not preset.get(target))
    yield from (rules.fallback[target] for target in _WITH_TEXTS if target in rules.fallback)


def require_fitting_preset(rules: FieldRules, header: Header, *, has_dynamic_columns: bool) -> None:
    """Raise ``UsageError`` when another preset than the one in use knows the columns, and name that.

    Where none does, whoever follows the rules says which column is missing.
    """
    if not rules.preset.name:
        return
    known = {each.preset for each in matching_presets(header.columns)}
    if not known or rules.preset.name in known:
        return
    builder = FieldSourceBuilder(header, has_dynamic_columns=has_dynamic_columns, found=set())
    misfit = next((rule for rule in rules.of_preset if not builder.fits(rule)), None)
    lacking = f": there is no column {' or '.join(map(quoted, misfit.columns))}" if misfit else " these columns"
    raise header.fault(f"--preset {rules.preset.name} does not fit{lacking}", cure=preset_hint(header.columns))
