"""Finds new rows whose keys are those of earlier rows as a spreadsheet program has saved one of them.

The question is whether a table was saved again, which changes all keys of a kind alike. So a sample of the rows is
enough, and the search costs the same for ten thousand rows as for a million. A change counts only when it
explains more keys of the changed table than it would still change: keys that differ in nothing but their case, as
those of Salesforce may, or in their sixteenth digit, are the keys of different rows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from provisioner.models import Status
from provisioner.models.spreadsheet_forms import spreadsheet_forms

MOST_SAMPLED = 250
"""Rows to look at of each kind: earlier ones, those that were sent, new ones, and keys that begin with a zero."""
_NAMED = 3
"""Pairs that are returned."""
_OUTCOMES = frozenset({Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.IN_FLIGHT})

KeyedRow = tuple[int, str, str]
"""ID, key and status of a row."""


class _Change(NamedTuple):
    """Change of keys; ``in_earlier`` is whether the earlier rows have the changed keys, and not the new ones."""

    in_earlier: bool
    what: str


class _Pair(NamedTuple):
    """Key of an earlier row and that of a new row, and which of the two rows has the changed key."""

    earlier: int
    was: str
    now: str
    change: _Change
    changed: int


class RespeltKeys:
    """Search in a sample of the rows; ``last`` is the largest row ID before the present plan.

    Rows with larger IDs are new. An earlier row counts when it has an outcome and is no longer in the input. Give
    the rows with the keys ``sought`` to ``match``, and those of ``earlier_rows`` that are planned to ``pairs``.
    """

    def __init__(self, sample: Iterable[KeyedRow], last: int) -> None:
        self._last = last
        self._sample = {row[0]: row for row in sample}
        self._forms = {id_: spreadsheet_forms(key) for id_, key, _ in self._sample.values()}
        self._pairs: list[_Pair] = []

    @property
    def sought(self) -> list[tuple[str, int]]:
        """Keys to look for, each with the ID of the sampled row of which it is a form."""
        return [(form, id_) for id_, changes in self._forms.items() for form in changes]

    def match(self, rows: Iterable[tuple[int, KeyedRow]]) -> None:
        """Note the rows with sought keys, each with the ID of the sampled row for which it was sought."""
        self._pairs += self._paired(rows)

    @property
    def earlier_rows(self) -> list[int]:
        """IDs of the earlier rows of the pairs."""
        return [pair.earlier for pair in self._pairs]

    def pairs(self, still_planned: Collection[int]) -> tuple[tuple[str, str], ...]:
        """Return a few pairs (earlier key, new key), of which one is a spreadsheet's form of the other."""
        gone = [pair for pair in self._pairs if pair.earlier not in still_planned]
        explained = Counter(change for change, _ in {(pair.change, pair.changed) for pair in gone})
        changeable = Counter(
            (id_ <= self._last, change) for id_, each in self._forms.items() for change in set(each.values())
        )
        found = (pair for pair in gone if explained[pair.change] > changeable[pair.change])
        return tuple(dict.fromkeys((pair.was, pair.now) for pair in found))[:_NAMED]

    def _paired(self, rows: Iterable[tuple[int, KeyedRow]]) -> Iterator[_Pair]:
        for id_, other in rows:
            earlier, new = sorted((self._sample[id_], other))
            if earlier[0] <= self._last < new[0] and earlier[2] in _OUTCOMES:
                change = _Change(other[0] <= self._last, self._forms[id_][other[1]])
                yield _Pair(earlier[0], earlier[1], new[1], change, other[0])


def sample_steps(first: int, last: int) -> tuple[int, int, int]:
    """Return first ID, last ID and distance of the places at which rows or attempts are sampled."""
    return first, last, 1 + (last - first) // MOST_SAMPLED
