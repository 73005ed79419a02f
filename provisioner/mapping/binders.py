"""Mappers of one source: they turn each of its records into the fields of a request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from msgspec import structs

from provisioner.errors import UsageError
from provisioner.models import Mapped, MappedColumns, NestedValues

from .header import Header
from .layouts import FixedMapper, compile_mapper
from .rules import FieldRules
from .templates import Values

_MOST_SHAPES = 1000
_MOST_UNUSED = 1000


class RecordMapper(Protocol):
    """Mapper of the records of one source."""

    @property
    def columns_by_field(self) -> Mapping[str, str]:
        """Columns that fill each target, several joined by ``, ``; targets without columns are absent."""
        ...

    @property
    def telling(self) -> frozenset[str]:
        """The targets that tell something about a row's customer, or by the customer.

        Each is filled by a column, or is a first message, as far as the first records show.
        """
        ...

    @property
    def origins(self) -> Mapping[str, str]:
        """Where the text of each target comes from, for people; targets that nothing gives are absent."""
        ...

    @property
    def lacks_address(self) -> bool:
        """Whether nothing gives the address SID of some records."""
        ...

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that no target uses."""
        ...

    def missing_columns(self) -> tuple[str, ...]:
        """Return the columns that the user named and that no record so far has had."""
        ...

    def __call__(self, values: Values) -> Mapped:
        """Map the values of one record. Never raise because of its texts: an unusable record has a ``refusal``."""
        ...

    def map_columns(self, records: Sequence[Values]) -> MappedColumns | None:
        """Map the values of several records together; None where they have to be mapped one by one."""
        ...


class DynamicMapper:
    """Mapper for a source whose records each have their own names, such as JSON Lines.

    It compiles one layout per distinct list of names, and discards all of them whenever there are 1,000, so that
    memory is bounded. A record whose names contradict each other gets a ``refusal``. ``unused`` holds 1,000 names
    at most. ``columns`` are the names of the first records.
    """

    def __init__(self, rules: FieldRules, columns: Sequence[str] = ()) -> None:
        self._rules = rules
        self.telling = _telling_of(rules, columns)
        self._by_shape: dict[tuple[str, ...], Callable[[Values], Mapped]] = {}
        self._nested_faults: dict[tuple[str, ...], Callable[[NestedValues], Iterator[tuple[str, str]]]] = {}
        self._unused: dict[str, None] = {}
        self._unseen = frozenset(rules.columns)
        self._found: set[str] = set()
        self.columns_by_field: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.lacks_address = False

    @property
    def unused(self) -> tuple[str, ...]:
        """Names in the records so far that no target uses."""
        return tuple(self._unused)

    def missing_columns(self) -> tuple[str, ...]:
        """Return the columns that the user named and that no record so far has had."""
        unseen = self._unseen - self._found
        return tuple(name for name in self._rules.columns if name in unseen)

    def __call__(self, values: Values) -> Mapped:
        """Map one record, a dict by name, with the layout for its names."""
        shape = tuple(values)
        map_record = self._by_shape.get(shape) or self._learn(shape)
        mapped = map_record(values)
        if values.__class__ is not NestedValues or shape not in self._nested_faults:
            return mapped
        faults = tuple(self._nested_faults[shape](values))
        return structs.replace(mapped, faults=(*faults, *mapped.faults)) if faults else mapped

    def map_columns(self, records: Sequence[Values]) -> MappedColumns | None:
        """Map records that all have the same names and no nested values; None for others."""
        shapes = set(map(tuple, records))
        if len(shapes) > 1 or NestedValues in set(map(type, records)):
            return None
        (shape,) = shapes
        map_record = self._by_shape.get(shape) or self._learn(shape)
        return map_record.map_columns(records) if isinstance(map_record, FixedMapper) else None

    def _learn(self, shape: tuple[str, ...]) -> Callable[[Values], Mapped]:
        if len(self._by_shape) >= _MOST_SHAPES:
            self._by_shape.clear()
            self._nested_faults.clear()
        self._by_shape[shape] = map_record = self._compile(shape)
        if isinstance(map_record, FixedMapper):
            self._nested_faults[shape] = map_record.nested_faults
        return map_record

    def _compile(self, shape: tuple[str, ...]) -> Callable[[Values], Mapped]:
        try:
            mapper = compile_mapper(self._rules, Header(shape), has_dynamic_columns=True, found=self._found)
        except UsageError as error:
            return _refuser(error.message)
        self._take_account(mapper)
        return mapper

    def _take_account(self, mapper: FixedMapper) -> None:
        self.columns_by_field |= mapper.columns_by_field
        self.origins = mapper.origins | self.origins
        self.lacks_address |= mapper.lacks_address
        self._unseen &= frozenset(mapper.missing)
        for name in mapper.unused:
            if len(self._unused) < _MOST_UNUSED:
                self._unused[name] = None


def _telling_of(rules: FieldRules, columns: Sequence[str]) -> frozenset[str]:
    """Say which targets tell something in records that have some of these columns each."""

    def telling_of(shape: Sequence[str]) -> frozenset[str]:
        return compile_mapper(rules, Header(shape), has_dynamic_columns=True, found=set()).telling

    with suppress(UsageError):
        return telling_of(columns)
    # Names of different records may contradict each other where they come together.
    return frozenset[str]().union(*(telling_of([name]) for name in columns))


def _refuser(reason: str) -> Callable[[Values], Mapped]:
    refused = Mapped(refusal=reason)
    return lambda _values: refused
