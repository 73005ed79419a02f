"""Field sources: how to get the text of a target from a record, once the columns are known."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import itemgetter

import msgspec

from provisioner.models import NestedValues
from provisioner.system.printable import quoted

from .header import Header
from .paths import leads_to_nested, path_getter
from .rules import Rule
from .targets import RESERVED_PREFIX, field_of_member, parse_field
from .templates import Constant, Getter, Placeholder, Template, or_default

NestedFinder = Callable[[NestedValues], str]
"""Function that returns the name of a placeholder that stands for a JSON array or object; empty if none does."""


class FieldSource(msgspec.Struct, frozen=True):
    """Getter of one text from the values of a record, with the names of the columns that it reads.

    ``origin`` tells people where the text comes from. ``find_nested`` finds a placeholder that gives no text.
    """

    get: Getter
    columns: tuple[str, ...] = ()
    origin: str = ""
    find_nested: NestedFinder = lambda _values: ""

    @property
    def is_filled(self) -> bool:
        """Say whether any row may get a text from it."""
        return self.reads_columns or (isinstance(self.get, Constant) and bool(self.get.text))

    @property
    def reads_columns(self) -> bool:
        """Say whether rows may get texts of their own from it."""
        return bool(self.columns)

    def or_else(self, spare: "FieldSource") -> "FieldSource":
        """Return a source that uses ``spare`` for rows in which this source gives an empty text."""
        first, second = self.get, spare.get
        return FieldSource(
            lambda values: first(values) or second(values),
            self.columns + spare.columns,
            ", else ".join(filter(None, (self.origin, spare.origin))),
            lambda values: (self if first(values) else spare).find_nested(values),
        )


class FieldSourceBuilder:
    """Builder of the field sources of one input; it records which columns are used and which are missing.

    With ``has_dynamic_columns`` records are dicts by name, a name with dots can lead into a nested value, and a
    missing column gives an empty text. Otherwise records are lists in the order of the columns, and a missing
    column raises ``UsageError``. ``found`` is a set to which the getters add each dotted name that has led to a
    value.
    """

    def __init__(self, header: Header, *, has_dynamic_columns: bool, found: set[str]) -> None:
        self._header = header
        self._has_dynamic_columns = has_dynamic_columns
        self._found = found
        self._used: set[int] = set()
        self.missing: list[str] = []

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that no field source uses, except those that this program added (``_status`` …)."""
        columns = enumerate(self._header.columns)
        return tuple(name for at, name in columns if at not in self._used and not name.startswith(RESERVED_PREFIX))

    def by_name(self, position: int) -> FieldSource:
        """Return the source of a field that is filled from the column at ``position``, from 0."""
        name = self._header.columns[position]
        return FieldSource(
            self._getter(position), (name,), f"column {quoted(name)}", partial(_find_nested, {name: (name, ())})
        )

    def by_rule(self, rule: Rule) -> FieldSource:
        """Return the source for the first choice of a rule whose columns exist.

        Without dynamic columns, raise ``UsageError`` when no choice fits. With them, fall back to a choice of
        which some columns exist, then to one without columns, then to the first. Whether a nested value exists,
        only each record shows: where a choice that leads to one gives nothing, the next is used.
        """
        first, *spares = self._chosen(rule)
        source = self._of_template(first, rule, spares)
        for spare in spares:
            others = [choice for choice in (first, *spares) if choice is not spare]
            source = source.or_else(self._of_template(spare, rule, others))
        return source

    def fits(self, rule: Rule) -> bool:
        """Say whether a rule can be followed; in records of many shapes, where a part of it is there."""
        least = 0.0 if self._has_dynamic_columns else 1.0
        shares = [self._share(choice, rule.origin) for choice in rule.choices]
        return rule.is_optional or max(shares) >= 1 or max(shares) > least

    def _choose(self, rule: Rule) -> Template:
        fits = [(self._share(choice, rule.origin), choice) for choice in rule.choices]
        whole = [
            choice for share, choice in fits if share == 1 and (choice.columns or not self._has_dynamic_columns)
        ]
        # A record omits the members that it has no value for, so a choice with some of its columns is usable.
        partly = [choice for share, choice in fits if share and choice.columns and self._has_dynamic_columns]
        free = [choice for choice in rule.choices if not choice.columns]
        chosen = next(iter((*whole, *partly, *free)), None)
        if chosen is None and not self._has_dynamic_columns:
            raise self._header.unknown(
                [self._lacking(choice, rule.origin) for choice in rule.choices], rule.origin
            )
        return chosen or rule.choices[0]

    def _of_template(self, template: Template, rule: Rule, others: Sequence[Template]) -> FieldSource:
        """Return the source for one choice; ``others`` stand in for it in rows without its values."""
        instead = {name for other in others for name in other.columns}
        get = template.bind(lambda placeholder: self._slot(placeholder, rule, instead), rule.origin)
        is_plain = rule.place in {"--address-sid", "--simulate"}  # the SID is shown as the example
        origin = rule.place if is_plain else f"{template.describe()} ({rule.place})"
        is_omitted = not template.text and len(rule.choices) > 1
        ways = {name: way for name in template.columns if (way := self._way_to(name, rule.origin))}
        return FieldSource(get, template.columns, "" if is_omitted else origin, partial(_find_nested, ways))

    def _chosen(self, rule: Rule) -> list[Template]:
        """Return the choice to use; if it leads into nested values, also those after it that might lead to one."""
        first = self._choose(rule)
        if not any(self._is_nested(name, rule.origin) for name in first.columns):
            return [first]
        later = rule.choices[rule.choices.index(first) + 1 :]
        return [first, *(each for each in later if each.columns and self._share(each, rule.origin) == 1)]

    def _is_nested(self, name: str, origin: str) -> bool:
        return self._header.find(name, origin) is None and self._way_into(name, origin) is not None

    def _share(self, template: Template, origin: str) -> float:
        """Return the share of a template's columns that exist, from 0 to 1; 1 for a template without columns."""
        columns = template.columns
        return sum(self._has(name, origin) for name in columns) / len(columns) if columns else 1

    def _lacking(self, template: Template, origin: str) -> str:
        return next(name for name in template.columns if not self._has(name, origin))

    def _has(self, name: str, origin: str) -> bool:
        return self._header.find(name, origin) is not None or self._way_into(name, origin) is not None

    def _slot(self, placeholder: Placeholder, rule: Rule, instead: Collection[str]) -> Getter:
        get = self._column(placeholder.column, rule, instead)
        return or_default(get, placeholder.default) if placeholder.default else get

    def _column(self, name: str, rule: Rule, instead: Collection[str]) -> Getter:
        position = self._header.find(name, rule.origin)
        if position is not None:
            return self._getter(position)
        if not rule.is_optional:
            self.missing.append(name)
        way = self._way_into(name, rule.origin)
        if way is None:
            return Constant("")
        position, steps = way
        return path_getter(self._getter(position), steps, partial(self._found.update, {name, *instead}))

    def _way_into(self, name: str, origin: str) -> tuple[int, list[str]] | None:
        """Return the position of the column that a dotted name starts with, and the other steps of the path."""
        return self._header.find_way(name, origin) if self._has_dynamic_columns else None

    def _way_to(self, name: str, origin: str) -> tuple[str, Sequence[str]] | None:
        """Return the column that a placeholder names or leads into, and the path in it."""
        position = self._header.find(name, origin)
        way = self._way_into(name, origin) if position is None else (position, [])
        return way and (self._header.columns[way[0]], way[1])

    def _getter(self, position: int) -> Getter:
        self._used.add(position)
        return itemgetter(self._header.columns[position] if self._has_dynamic_columns else position)


def _find_nested(ways: Mapping[str, tuple[str, Sequence[str]]], values: NestedValues) -> str:
    """Return the first name whose way, (column, path in it), leads to an array or object; empty without any."""
    for name, (column, steps) in ways.items():
        if column in values.nested and leads_to_nested(values.get(column, ""), steps):
            return name
    return ""


def named_columns(header: Header, spoken_for: Sequence[str], *, are_members: bool) -> dict[str, int]:
    """Return the position of the column that is named after each target, by target.

    Targets in ``spoken_for`` are skipped, since a rule fills them. With ``are_members``, the columns are members
    of objects. Raise ``UsageError`` when two columns are named after the same target.
    """
    found: dict[str, int] = {}
    find_field = field_of_member if are_members else parse_field
    for position, name in enumerate(header.columns):
        target = "" if name.startswith(RESERVED_PREFIX) else find_field(name)
        if not target or target in spoken_for:
            continue
        if target in found:
            both = header.describe((found[target], position), "and")
            raise header.fault(
                f"{both} both give {target}",
                cure=f"rename one of them, or choose with --set {target}=…",
            )
        found[target] = position
    return found
