"""What fills one target of a row, once the columns are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from .header import Header
from .rules import Rule
from .targets import OURS, target_of
from .templates import Getter, constant


@dataclass(frozen=True, slots=True)
class Supply:
    """How to get one text out of a row's values, and the columns it comes from."""

    get: Getter
    columns: tuple[str, ...] = ()

    def or_else(self, spare: "Supply") -> "Supply":
        """Return the supply that turns to ``spare`` in rows where this one gives nothing."""
        first, second = self.get, spare.get
        return Supply(lambda values: first(values) or second(values), self.columns + spare.columns)


class Supplier:
    """Makes supplies from one source's columns, and keeps account of the columns.

    Where ``is_open_ended``, records are mappings by name, and a column that is not there gives an empty text.
    Elsewhere they are lists along the columns, and a column that is not there is a ``UsageError``.
    """

    def __init__(self, header: Header, *, is_open_ended: bool) -> None:
        self._header = header
        self._is_open_ended = is_open_ended
        self._used: set[int] = set()
        self.missing: list[str] = []

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns nothing was made from, save those this program added itself."""
        columns = enumerate(self._header.columns)
        return tuple(name for at, name in columns if at not in self._used and not name.startswith(OURS))

    def by_name(self, position: int) -> Supply:
        """Supply a target from the column that has its name."""
        return Supply(self._getter(position), (self._header.columns[position],))

    def by_rule(self, rule: Rule) -> Supply:
        """Supply a target from a template."""
        template = rule.template
        return Supply(template.bind(lambda name: self.column(name, rule.origin)), template.columns)

    def column(self, name: str, origin: str) -> Getter:
        """Return what gets the text of the column that ``origin`` names."""
        position = self._header.find(name, origin)
        if position is not None:
            return self._getter(position)
        if not self._is_open_ended:
            raise self._header.unknown(name, origin)
        self.missing.append(name)
        return constant("")

    def _getter(self, position: int) -> Getter:
        self._used.add(position)
        return itemgetter(self._header.columns[position] if self._is_open_ended else position)


def named_columns(header: Header, spoken_for: Sequence[str]) -> dict[str, int]:
    """Return the column of each target that one is named after, save the targets ``spoken_for``.

    Two columns for one target are a ``UsageError``: which of them is meant cannot be known.
    """
    found: dict[str, int] = {}
    for position, name in enumerate(header.columns):
        target = "" if name.startswith(OURS) else target_of(name)
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
