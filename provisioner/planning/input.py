"""The two passes over a job's input: the plan of all its rows, and the claimed ones rebuilt to be sent."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from pathlib import Path

from msgspec import structs

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, RecordMapper, did_you_mean
from provisioner.models import PlanEntry, Problem, Record, WebChatRequest
from provisioner.models.text import pluralize
from provisioner.options import InputOptions
from provisioner.rows import build_request, digest, is_nearly_full, rebuild_request
from provisioner.signals import StopSignals
from provisioner.sources import Source, enumerate_records, open_sources
from provisioner.system.printable import quoted, shortened

SAMPLES = 3
"""How many requests a plan shows."""


_NO_DIGEST = bytes(16)


_IMPERSONAL = {"address_sid", "key", "ui_version"}
"""What a row may give without saying anything about its customer."""


class PlanInterrupted(Exception):  # noqa: N818 - it reports that somebody asked, not a fault
    """A plan pass was told to stop; what was planned before stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSettings:
    """How rows are made of records.

    ``friendly_name`` adds the customer's name to the pre-engagement data. ``marker`` is the name in that data that
    is kept free for the rows' marks, empty for none. ``uses`` is how many rows to make of the records, which are
    used again and again until there are so many; 0 makes one row of each record.
    """

    friendly_name: bool = True
    marker: str = ""
    uses: int = 0


_ONE_OF_EACH = RowSettings()


@dataclass(frozen=True, slots=True)
class _Bound:
    source: Source
    mapper: RecordMapper


class JobInput:
    """A job's sources with its mapping: what both passes read.

    ``reading`` is how the sources were opened. ``samples`` are the first valid requests and ``nearly_full`` counts
    the rows whose pre-engagement data comes close to Twilio's limit; both are there after a plan pass.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        mapping: Mapping,
        reading: InputOptions,
        rows: RowSettings = _ONE_OF_EACH,
    ) -> None:
        self.sources, self.mapping, self.reading = sources, mapping, reading
        self._rows = rows
        self._build = partial(build_request, friendly_name=rows.friendly_name, marker=rows.marker)
        self._bound = [
            _Bound(
                source,
                mapping.bind(source.columns, has_dynamic_columns=source.has_dynamic_columns, source=source.name),
            )
            for source in sources
        ]
        self._is_interrupted = False
        self.samples: list[WebChatRequest] = []
        self.nearly_full = 0

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns, over all sources, from which nothing is made."""
        return tuple(dict.fromkeys(name for bound in self._bound for name in bound.mapper.unused))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a plan pass found that is no fault, in sentences."""
        notes = [*self.mapping.notes]
        notes += [f"{source.name}: {note}" for source in self.sources for note in source.detection.notes()]
        notes += [
            f"{source.name}: {pluralize('blank line', source.blank_lines, 'is no row', 'are no rows')}"
            for source in self.sources
            if source.blank_lines
        ]
        fields = {field for bound in self._bound for field in bound.mapper.columns_by_field}
        if self.unused:
            notes.append(f"columns that nothing is made from: {', '.join(map(shortened, self.unused))}")
            if fields <= _IMPERSONAL:
                notes.append("no column gives a name or data of the customers: say with --set which ones do")
        if self.nearly_full:
            notes.append(f"{self.nearly_full:,} rows have pre-engagement data close to Twilio's limit of 16 KB")
        return tuple(notes)

    @property
    def manner(self) -> Sequence[str]:
        """What else decides which rows the records make."""
        return [f"going round up to {self._rows.uses}"] if self._rows.uses else []

    def interrupt(self) -> None:
        """Make a plan pass that is under way raise ``PlanInterrupted`` at its next row."""
        self._is_interrupted = True

    def entries(self) -> Iterator[PlanEntry]:
        """Read, map and validate everything once.

        Raise ``InputError`` for an input that cannot be read, and ``UsageError`` for a column that was asked
        for and that no record has.
        """
        self.samples, self.nearly_full = [], 0
        for cycle, (number, index, record) in self.records():
            entry = self._entry(number, index, record)
            yield entry if cycle == 1 or not entry.key else structs.replace(entry, key=f"{entry.key}#{cycle}")
            if self._is_interrupted:
                raise PlanInterrupted
        self._require_columns()

    def records(self) -> Iterator[tuple[int, tuple[int, int, Record]]]:
        """Yield every record, with which use of it this is (from 1), its row number and its source's index.

        A use after the first is another row, with ``#2`` and so on behind its key.
        """
        return self._cycled_records() if self._rows.uses else zip(repeat(1), enumerate_records(self.sources))

    def _cycled_records(self) -> Iterator[tuple[int, tuple[int, int, Record]]]:
        number, cycle, before = 0, 0, -1
        while before < number < self._rows.uses:
            before, cycle = number, cycle + 1
            for _, index, record in islice(enumerate_records(self.sources), self._rows.uses - number):
                number += 1
                yield cycle, (number, index, record)

    def _entry(self, number: int, index: int, record: Record) -> PlanEntry:
        if record.problem:
            return PlanEntry(number, record.line, index, "", _NO_DIGEST, (Problem("", "", record.problem),))
        mapped = self._bound[index].mapper(record.values)
        request, problems = self._build(mapped)
        key = mapped.key
        if not problems:
            self._look_at(request)
        elif any(problem.field == "key" for problem in problems):
            key = ""
        return PlanEntry(number, record.line, index, key, digest(request), problems)

    def _look_at(self, request: WebChatRequest) -> None:
        if len(self.samples) < SAMPLES:
            self.samples.append(request)
        self.nearly_full += is_nearly_full(request)

    def _require_columns(self) -> None:
        for bound in self._bound:
            if missing := bound.mapper.missing_columns():
                names = ", ".join(map(quoted, missing))
                hint = did_you_mean(missing, bound.source.columns)
                raise UsageError(
                    f"{bound.source.name}: no record has {names}",
                    cure=f"{hint}the names there are: {', '.join(map(shortened, bound.source.columns))}",
                )

    def request(self, index: int, record: Record) -> WebChatRequest:
        """Make the request of one record that the plan found valid."""
        mapped = self._bound[index].mapper(record.values)
        return rebuild_request(mapped, friendly_name=self._rows.friendly_name)


@contextmanager
def open_input(
    files: Sequence[str],
    options: InputOptions,
    mapping: Mapping,
    rows: RowSettings = _ONE_OF_EACH,
    *,
    spool_dir: Path | None = None,
    stop: StopSignals | None = None,
) -> Iterator[JobInput]:
    """Open the sources that ``files`` name, for as long as the context lasts; see ``open_sources``.

    What the mapping leaves open, the columns decide; the mapping of the input that is returned is final.
    ``rows`` says how rows are made of records. A pipe is spooled in the folder ``spool_dir``. ``stop`` may end the
    wait for an input.
    """
    reading = mapping.reading(options)
    with ExitStack() as stack:
        with (stop or StopSignals()).interrupting():  # nobody knows when stdin ends
            sources = stack.enter_context(open_sources(files, reading, spool_dir=spool_dir))
        final = mapping.resolve_preset([(source.name, source.columns) for source in sources])
        yield JobInput(sources, final, reading, rows)
