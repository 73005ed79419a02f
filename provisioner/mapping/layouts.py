"""Layout of one list of columns: compiled once from the rules, then used to map every record."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Raw

from provisioner.models import FIELDS, Mapped, MappedColumns, NestedValues, WebChatRequest
from provisioner.system.printable import quoted

from .account_sources import ACCOUNT_CURE, ACCOUNT_FIELD, NO_ACCOUNT, AccountSources
from .conversions import Convert, convert_members
from .field_sources import FieldSource, FieldSourceBuilder, NestedFinder, named_columns
from .header import Header
from .keys import key_getter
from .rules import TEXT, FieldRules
from .targets import JSON_FIELDS, PRE_ENGAGEMENT_PREFIX, is_content
from .templates import Constant, Getter, TooLongError, Values

_NOTHING = FieldSource(Constant(""))
NO_ADDRESS = "nothing gives the Conversations Address of the WebChats"
ADDRESS_CURE = "give --address-sid IG…, set PROVISIONER_ADDRESS_SID, or add a column address_sid"


class FixedMapper(msgspec.Struct, frozen=True):
    """Mapper of records that all have the same columns.

    ``texts`` holds the constant values in the order of ``FIELDS``, the order of the fields of ``WebChatRequest``;
    a value that differs per row is empty there, and ``own`` lists (index, getter) for it. ``key`` gets the row's
    key. ``members`` lists (name, getter) of the pre-engagement values, ``converters`` the conversions of the typed
    ones by name. ``columns_by_field``, ``unused`` and ``missing`` hold names of columns, ``telling`` the targets
    by which rows can be told apart. ``origins`` tells people where each target's text comes from.
    ``lacks_address`` says that nothing gives the address SID. ``texts_only`` lists (target, finder of nested JSON)
    for the targets that need a text.
    """

    texts: list[str]
    own: tuple[tuple[int, Getter], ...]
    key: Getter
    members: tuple[tuple[str, Getter], ...]
    converters: dict[str, Convert]
    columns_by_field: dict[str, str]
    telling: frozenset[str]
    origins: dict[str, str]
    lacks_address: bool
    unused: tuple[str, ...]
    missing: tuple[str, ...]
    texts_only: tuple[tuple[str, NestedFinder], ...]

    def missing_columns(self) -> tuple[str, ...]:
        """Return the columns that a rule names and that do not exist."""
        return self.missing

    def __call__(self, values: Values) -> Mapped:
        """Map one record that has all of these columns; a template that gets too long makes a ``refusal``."""
        try:
            members: dict[str, str | Raw] = {name: text for name, get in self.members if (text := get(values))}
            texts = self.texts.copy()
            for place, get in self.own:
                texts[place] = get(values)
            key = self.key(values)
        except TooLongError as error:
            return Mapped(refusal=str(error))
        request = WebChatRequest(*texts)
        if not self.converters:
            return Mapped(request, key, members, self.columns_by_field)
        faults = tuple(
            (PRE_ENGAGEMENT_PREFIX + name, reason) for name, reason in convert_members(members, self.converters)
        )
        return Mapped(request, key, members, self.columns_by_field, faults=faults)

    def map_columns(self, records: Sequence[Values]) -> MappedColumns | None:
        """Map several records that all have these columns; None where only mapping each of them says enough.

        That is where values are converted, or a template gets too long.
        """
        if self.converters:
            return None
        texts: list[str | list[str]] = [*self.texts]
        try:
            for place, get in self.own:
                texts[place] = list(map(get, records))
            members = {name: list(map(get, records)) for name, get in self.members}
            return MappedColumns(tuple(texts), list(map(self.key, records)), members, self.columns_by_field)
        except TooLongError:
            return None

    def nested_faults(self, values: NestedValues) -> Iterator[tuple[str, str]]:
        """Yield (target, reason) for each target that needs a text and would get a JSON array or object."""
        for target, find_nested in self.texts_only:
            if name := find_nested(values):
                yield target, _no_text(name)


def _no_text(name: str) -> str:
    return f"{quoted(name)} is a JSON array or object, not a text; a path such as {{{name}.name}} leads into one"


def compile_mapper(
    rules: FieldRules, header: Header, *, has_dynamic_columns: bool, found: set[str]
) -> FixedMapper:
    """Return the mapper for records with these columns.

    Raise ``UsageError`` when a rule names a missing or ambiguous column, when two columns give the same field, or
    when nothing gives the address SID. With ``has_dynamic_columns`` the columns are those of one record among
    many, so that missing ones are allowed; ``found`` is a set to which the getters add each dotted name that has
    led to a nested value.
    """
    builder = FieldSourceBuilder(header, has_dynamic_columns=has_dynamic_columns, found=found)
    named = named_columns(header, (*rules.explicit, *rules.unnamed), are_members=has_dynamic_columns)
    sources = {target: builder.by_name(position) for target, position in named.items()}
    sources |= {target: builder.by_rule(rule) for target, rule in rules.explicit.items()}
    account = _account(rules, header, sources, has_dynamic_columns=has_dynamic_columns)
    for target, rule in rules.fallback.items():
        spare = builder.by_rule(rule)
        sources[target] = sources[target].or_else(spare) if target in sources else spare
    if lacks_address := "address_sid" not in sources:
        if not rules.stand_in_address and not has_dynamic_columns:
            raise header.fault(NO_ADDRESS, cure=ADDRESS_CURE)
        sources["address_sid"] = FieldSource(Constant(rules.stand_in_address))
    key = [source for source in map(builder.by_rule, rules.key) if source.reads_columns]
    get_key = key_getter([part.get for part in key])
    getters = [sources.get(field, _NOTHING).get for field in FIELDS]
    return FixedMapper(
        texts=[get.text if isinstance(get, Constant) else "" for get in getters],
        own=tuple((place, get) for place, get in enumerate(getters) if not isinstance(get, Constant)),
        key=account.key(get_key) if account else get_key,
        members=_members(sources),
        converters=_converters(rules),
        columns_by_field=_columns(sources, key),
        telling=frozenset(target for target, source in sources.items() if _is_telling(target, source)),
        origins=_origins(sources, key),
        lacks_address=lacks_address,
        unused=builder.unused,
        missing=tuple(builder.missing),
        texts_only=tuple(_texts_only(sources, key)),
    )


def _account(
    rules: FieldRules, header: Header, sources: dict[str, FieldSource], *, has_dynamic_columns: bool
) -> AccountSources | None:
    """Give the account and its usual address their sources; return what else depends on the account.

    None in a job for one account. Raise ``UsageError`` when nothing names the account.
    """
    if rules.accounts is None:
        return None
    if ACCOUNT_FIELD not in sources and not has_dynamic_columns:
        raise header.fault(NO_ACCOUNT, cure=ACCOUNT_CURE)
    account = AccountSources(rules.accounts, sources.get(ACCOUNT_FIELD, _NOTHING))
    sources[ACCOUNT_FIELD] = account.sid
    if usual := account.address:
        sources["address_sid"] = sources["address_sid"].or_else(usual) if "address_sid" in sources else usual
    return account


def _texts_only(
    sources: Mapping[str, FieldSource], key: Sequence[FieldSource]
) -> Iterator[tuple[str, NestedFinder]]:
    """Yield the fields but for those of JSON, which may be nested, and the parts of the key."""
    for field in FIELDS:
        if field not in JSON_FIELDS and field in sources:
            yield field, sources[field].find_nested
    yield from (("key", part.find_nested) for part in key)


def _is_telling(target: str, source: FieldSource) -> bool:
    """Say whether a target makes a chat known: by a column, since a constant is the same for everybody.

    A constant first message counts: it is a message.
    """
    return is_content(target) and (source.reads_columns or (target == "first_message" and source.is_filled))


def _members(sources: Mapping[str, FieldSource]) -> tuple[tuple[str, Getter], ...]:
    # Sorted by name, so that a different order of columns gives the same JSON and the same digest.
    targets = sorted(target for target in sources if target.startswith(PRE_ENGAGEMENT_PREFIX))
    return tuple((target.removeprefix(PRE_ENGAGEMENT_PREFIX), sources[target].get) for target in targets)


def _converters(rules: FieldRules) -> dict[str, Convert]:
    typed = {target: rule.kind for target, rule in rules.explicit.items() if rule.kind != TEXT}
    return {target.removeprefix(PRE_ENGAGEMENT_PREFIX): kind.converter() for target, kind in sorted(typed.items())}


def _columns(sources: Mapping[str, FieldSource], key: Sequence[FieldSource]) -> dict[str, str]:
    columns = {
        target: ", ".join(source.columns)
        for target, source in sources.items()
        if source.columns or target == ACCOUNT_FIELD
    }
    if key:
        columns["key"] = ", ".join(column for part in key for column in part.columns)
    return columns


def _origins(sources: Mapping[str, FieldSource], key: Sequence[FieldSource]) -> dict[str, str]:
    origins = {target: source.origin for target, source in sources.items() if source.origin}
    if key:
        origins["key"] = ", ".join(part.origin for part in key)
    return origins
