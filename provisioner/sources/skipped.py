"""Records of an input that are not rows: what they are, how many there are, and on which lines."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

_MOST_PLACES = 1_000
"""Most lines that are kept of one kind; further ones are only counted."""
_SHOWN_RANGES = 5

BLANK_LINE = "blank line"
"""Kind of a line without any character."""
EMPTY_RECORD = "empty record"
"""Kind of a record without any value."""
REPEATED_HEADER = "repeated header"
"""Kind of a record that is equal to the header, as joining files leaves it."""
END_MARK = "end-of-file mark"
"""Kind of a mark that only says where the data ends, such as the Ctrl-Z of DOS."""


class SkippedLine(msgspec.Struct, frozen=True):
    """Record that is not a row: ``line`` is its first line, from 1, ``what`` a word such as ``title``."""

    line: int
    what: str


class _Places:
    """Lines by kind, at most 1,000 of each, and the numbers of all."""

    def __init__(self) -> None:
        self.lines: dict[str, list[int]] = {}
        self.counts: dict[str, int] = {}

    def add(self, line: int, what: str) -> None:
        count = self.counts[what] = self.counts.get(what, 0) + 1
        if count <= _MOST_PLACES:
            self.lines.setdefault(what, []).append(line)

    def kept(self) -> list[SkippedLine]:
        kept = [SkippedLine(line, what) for what, lines in self.lines.items() for line in lines]
        return sorted(kept, key=lambda each: each.line)

    def kinds(self) -> list[str]:
        return sorted(self.counts, key=lambda what: min(self.lines[what]))

    def spelt(self, what: str, within: Collection[int] = ()) -> str:
        """Return, for example, ``lines 3, 5-7 and 12 more``; a range may have the lines ``within`` inside."""
        lines = sorted(self.lines[what])
        ranges = _ranges(lines, {*lines, *within})
        shown = ranges[:_SHOWN_RANGES]
        more = self.counts[what] - sum(count for _, _, count in shown)
        spelt = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last, _ in shown)
        noun = "line" if len(shown) == 1 and shown[0][0] == shown[0][1] and not more else "lines"
        return f"{noun} {spelt}{f' and {more:,} more' if more else ''}"


class SkippedRecords:
    """Records that are not rows, by kind, and what is to be told of rows that are read.

    The first 1,000 lines of each kind are kept, which bounds the memory. Iterating yields those of the records
    that are not rows, ordered by line.
    """

    def __init__(self, found: Iterable[SkippedLine] = ()) -> None:
        self._skipped, self._mentioned = _Places(), _Places()
        for each in found:
            self.add(each.line, each.what)

    def add(self, line: int, what: str) -> None:
        """Add a record by its first line, from 1; ``what`` is its kind, a singular noun such as ``title``."""
        self._skipped.add(line, what)

    def mention(self, line: int, what: str) -> None:
        """Tell something of the row that begins on ``line``; ``what`` is a clause, which its lines will follow."""
        self._mentioned.add(line, what)

    @property
    def total(self) -> int:
        """Number of all records that were added."""
        return sum(self._skipped.counts.values())

    def __iter__(self) -> Iterator[SkippedLine]:
        """Yield the kept records, ordered by line."""
        return iter(self._skipped.kept())

    @property
    def note(self) -> str:
        """Sentence that names all kinds with their lines, the first one first; empty when there is no record."""
        lines = {each.line for each in self}
        kinds = ", ".join(f"{self._skipped.spelt(what, lines)} ({what})" for what in self._skipped.kinds())
        return f"skipped because they are not rows: {kinds}" if kinds else ""

    @property
    def notes(self) -> Iterator[str]:
        """Sentences for the user: ``note``, if any, and one for each thing that is told of rows."""
        if note := self.note:
            yield note
        for what in self._mentioned.kinds():
            yield f"{what}: {self._mentioned.spelt(what)}"

    def details(self) -> dict[str, object]:
        """Return the kept records as ``skipped`` for ``--json``, and ``skipped_total`` when there are more."""
        kept = [msgspec.structs.asdict(each) for each in self]
        return {"skipped": kept, "skipped_total": self.total} if self.total > len(kept) else {"skipped": kept}


def _ranges(lines: Sequence[int], within: Collection[int]) -> list[tuple[int, int, int]]:
    """Return (first line, last line, number of records) of each range, inside which there are no other lines."""
    ranges: list[tuple[int, int, int]] = []
    for line in lines:
        if ranges and all(between in within for between in range(ranges[-1][1] + 1, line)):
            first, _, count = ranges[-1]
            ranges[-1] = (first, line, count + 1)
        else:
            ranges.append((line, line, 1))
    return ranges


class LastPass:
    """What the last complete pass over a source has skipped, including ``found``, what was found when opening.

    A pass fills the object that ``begin`` returns, and publishes it with ``complete`` at its end, so that passes
    that run beside each other do not disturb each other.
    """

    def __init__(self, found: Iterable[SkippedLine] = ()) -> None:
        self._found = tuple(found)
        self._skipped = SkippedRecords(self._found)

    @property
    def skipped(self) -> SkippedRecords:
        """Skipped records of the last complete pass; before the first one, those found when opening."""
        return self._skipped

    def begin(self) -> SkippedRecords:
        """Return the object for a new pass to fill."""
        return SkippedRecords(self._found)

    def complete(self, skipped: SkippedRecords) -> None:
        """Publish what a pass has skipped, after its last record."""
        self._skipped = skipped
