"""A mapping bound to one source: what every record of it goes through."""

from collections.abc import Callable, Mapping
from typing import Protocol

from provisioner.errors import UsageError
from provisioner.models import Mapped

from .header import Header
from .layouts import FixedMapper, compile_mapper
from .rules import FieldRules
from .templates import Values

_MOST_SHAPES = 1000
_MOST_UNUSED = 1000


class RecordMapper(Protocol):
    """Maps the records of one source."""

    @property
    def columns_by_field(self) -> Mapping[str, str]:
        """The input column, or columns, of each target."""
        ...

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns nothing is made from."""
        ...

    def missing_columns(self) -> tuple[str, ...]:
        """Return the columns that were asked for and that no record so far had."""
        ...

    def __call__(self, values: Values) -> Mapped:
        """Map one record; no text in it makes this raise."""
        ...


class DynamicMapper:
    """For a source whose records bring names of their own: one layout for each list of names met.

    A record whose names contradict each other is refused, alone. Memory is bounded: a source of ever new
    shapes is mapped all the same, only slower, and ``unused`` stops at a thousand names.
    """

    def __init__(self, rules: FieldRules) -> None:
        self._rules = rules
        self._by_shape: dict[tuple[str, ...], Callable[[Values], Mapped]] = {}
        self._unused: dict[str, None] = {}
        self._unseen = frozenset(rules.columns)
        self._found: set[str] = set()
        self.columns_by_field: dict[str, str] = {}

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns of records so far that nothing is made from."""
        return tuple(self._unused)

    def missing_columns(self) -> tuple[str, ...]:
        """Return the columns that were asked for and that no record so far had."""
        unseen = self._unseen - self._found
        return tuple(name for name in self._rules.columns if name in unseen)

    def __call__(self, values: Values) -> Mapped:
        """Map one record by the layout of its names."""
        shape = tuple(values)
        map_record = self._by_shape.get(shape) or self._learn(shape)
        return map_record(values)

    def _learn(self, shape: tuple[str, ...]) -> Callable[[Values], Mapped]:
        if len(self._by_shape) >= _MOST_SHAPES:
            self._by_shape.clear()
        self._by_shape[shape] = map_record = self._compile(shape)
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
        self._unseen &= frozenset(mapper.missing)
        for name in mapper.unused:
            if len(self._unused) < _MOST_UNUSED:
                self._unused[name] = None


def _refuser(reason: str) -> Callable[[Values], Mapped]:
    refused = Mapped(refusal=reason)
    return lambda _values: refused
