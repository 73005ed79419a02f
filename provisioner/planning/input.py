"""Input of a job: its sources and its mapping, read once to plan all rows and once to rebuild those to send."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path

import msgspec
from msgspec import structs

from provisioner.mapping import ACCOUNT_FIELD, Mapping, RecordMapper, parse_field
from provisioner.models import FIELDS, Fingerprint, Mapped, PlanEntry, Record, WebChatRequest
from provisioner.options import InputOptions
from provisioner.planning.entries import EntryBuilder
from provisioner.planning.findings import PlanFindings
from provisioner.planning.mapped_source import MappedSource
from provisioner.planning.own_outputs import require_no_results
from provisioner.planning.passes import RecordCursor, RowPasses
from provisioner.rows import build_request, rebuild_plain_rows, rebuild_request
from provisioner.signals import StopSignals
from provisioner.sources import Source, enumerate_records, open_sources
from provisioner.system.addresses import MASK, is_masked
from provisioner.system.printable import shortened


class PlanInterrupted(Exception):  # noqa: N818 - a request to stop is not an error
    """Raised by a plan pass after ``JobInput.interrupt``; the earlier plan in the ledger is kept."""


class RowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings for making rows from records.

    ``friendly_name`` is whether to add the customer's name to the pre-engagement data. ``marker`` is the member
    name that is reserved in that data for the row's mark; empty reserves none. ``uses`` is the total number of
    rows to make: the records are repeated from the first until there are that many. 0 makes one row per record.
    With ``must_say_something``, a source whose columns give no name, no data and no message is refused, also when
    only its rows show that.
    """

    friendly_name: bool = True
    marker: str = ""
    uses: int = 0
    must_say_something: bool = False


_ONE_OF_EACH = RowSettings()
_FIRST_RECORDS = 1_000
_NO_COLUMN = "no column gives a name, data or a message"
_NO_ROW = "no row has a name, data or a message in the columns that are used"


class JobInput:
    """Sources of a job together with its mapping; both passes read from it.

    ``reading`` holds the options with which the sources were opened, ``passes`` starts passes over the rows.
    ``findings`` are those of the last plan pass. The constructor raises ``UsageError`` when a source lacks a
    column that the mapping needs.
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
        self._bound = [MappedSource.bind(source, mapping) for source in sources]
        self.passes = RowPasses(sources, rows.uses)
        self._is_interrupted = False
        self._fingerprints: Sequence[Fingerprint] | None = None
        self.findings = PlanFindings()

    @property
    def adds_friendly_name(self) -> bool:
        """Whether the customer's name is added to the pre-engagement data."""
        return self._rows.friendly_name

    @property
    def mappers(self) -> Sequence[RecordMapper]:
        """The mapper of each source."""
        return [bound.mapper for bound in self._bound]

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns, over all sources, that the mapping does not use."""
        return tuple(dict.fromkeys(name for bound in self._bound for name in bound.mapper.unused))

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks of the plan pass that are not errors, one sentence each."""
        notes = [*self.mapping.notes]
        for source in self.sources:
            told = (*source.detection.notes(), *source.skipped.notes, *_secret_notes(source.name))
            notes += [f"{source.name}: {note}" for note in told]
        notes += [f"{self.sources[index].name}: has no rows" for index in sorted(self.findings.without_rows)]
        notes += self._notes_on_unused()
        if self.findings.nearly_full:
            notes.append(
                f"{self.findings.nearly_full:,} rows have pre-engagement data close to Twilio's limit of 16 KB"
            )
        if self.findings.identity_note:
            notes.append(self.findings.identity_note)
        if self._rows.must_say_something and self.findings.blank_note:
            notes.append(self.findings.blank_note)
        return tuple(notes)

    def _notes_on_unused(self) -> Iterator[str]:
        if not self.unused:
            return
        yield f"columns that are not used: {', '.join(map(shortened, self.unused))}"
        meant = {parse_field(name) for name in self.unused}.intersection(self.mapping.unnamed)
        if ACCOUNT_FIELD in meant:
            yield f"without --accounts no column {ACCOUNT_FIELD} is used: all rows go to one account"
        if passed := sorted(meant - {ACCOUNT_FIELD}):
            yield (
                f"an earlier version began this job and did not know {', '.join(passed)}: columns of that name "
                "stay unused in it"
            )
        if any(bound.is_blank for bound in self._bound):
            yield "no column gives a name or data of the customers: say with --set which ones do"

    def require_content(self) -> None:
        """Raise ``UsageError`` for a source whose rows would become chats without a name, data or a message."""
        for each in self._bound:
            if each.is_blank:
                raise each.nameless(_NO_COLUMN)

    def gives(self, field: str) -> bool:
        """Return whether a column or a template fills ``field`` in the rows of any source."""
        return any(field in bound.mapper.columns_by_field for bound in self._bound)

    @property
    def has_keys(self) -> bool:
        """Whether columns give the keys of all sources; a mapping may allow that they are not there."""
        return all("key" in bound.mapper.columns_by_field for bound in self._bound)

    @property
    def manner(self) -> Sequence[str]:
        """Settings, in words, that change which rows are made from the same records; empty for the default.

        They are part of what decides whether an earlier plan may be reused.
        """
        accounts = self.mapping.accounts
        told = [f"going round up to {self._rows.uses}"] if self._rows.uses else []
        return [*told, *map(" ".join, sorted(accounts.digests.items()))] if accounts else told

    @property
    def named_fields(self) -> str:
        """Names of the fields that columns of their name fill; other ones make other rows of the same records."""
        return " ".join(field for field in FIELDS if field not in self.mapping.unnamed)

    def fingerprints(self) -> Sequence[Fingerprint]:
        """Return the fingerprints of the sources. Blocks: the first call reads all their bytes."""
        if self._fingerprints is None:
            self._fingerprints = [source.fingerprint() for source in self.sources]
        return self._fingerprints

    async def fingerprints_async(self) -> Sequence[Fingerprint]:
        """Return the fingerprints of the sources, which another thread makes."""
        return await asyncio.to_thread(self.fingerprints)

    def interrupt(self) -> None:
        """Make the running plan pass raise ``PlanInterrupted`` after its current rows. Safe from any thread."""
        self._is_interrupted = True

    def entries(self) -> Iterator[PlanEntry]:
        """Yield the plan entry of every row, as ``entry_batches`` does many at a time, and raise as it does."""
        for entry in chain.from_iterable(self.entry_batches()):
            yield entry
            self._require_going_on()

    def entry_batches(self) -> Iterator[Sequence[PlanEntry]]:
        """Yield the plan entries of all rows: read, map and validate each record once.

        An invalid row is an entry with problems. Raise ``InputError`` when an input cannot be read, ``UsageError``
        at the end when no record has a column that the user named, or no valid row of a source has a name, data or
        a message, and ``PlanInterrupted`` after ``interrupt``.
        """
        self.findings = PlanFindings()
        builder = EntryBuilder(
            self._bound, self.findings, friendly_name=self._rows.friendly_name, marker=self._rows.marker
        )
        for cycle, (first, index, records) in self.passes.batches(self.findings.without_rows):
            entries = builder.entries(first, index, records)
            yield entries if cycle == 1 else [_of_cycle(entry, cycle) for entry in entries]
            self._require_going_on()
        for bound in self._bound:
            bound.require_columns()
        self._require_telling()

    def _require_going_on(self) -> None:
        if self._is_interrupted:
            raise PlanInterrupted

    def reuse(self, findings: PlanFindings) -> None:
        """Take over the findings of the pass that made the plan. Raise the ``UsageError`` for blank rows."""
        self.findings = findings
        self._require_telling()

    def _require_telling(self) -> None:
        """Raise ``UsageError`` for a source all of whose valid rows are blank, unless that is accepted."""
        for index in self.findings.blank_sources if self._rows.must_say_something else ():
            raise self._bound[index].nameless(_NO_ROW + self._first_invalid(index))

    def _first_invalid(self, source: int) -> str:
        """Return a clause with the first invalid row of a source; empty when none of the first records is."""
        for number, index, record in islice(enumerate_records(self.sources), _FIRST_RECORDS):
            if index == source and not record.problem:
                mapped = self._bound[index].mapper(record.values)
                _, problems = build_request(
                    mapped, friendly_name=self._rows.friendly_name, marker=self._rows.marker
                )
                if problems:
                    return f" (row {number} is invalid: {problems[0]})"
        return ""

    def mapped(self, rows: Collection[int]) -> Iterator[tuple[Mapped, WebChatRequest]]:
        """Read the records of some rows again, and yield their texts and requests; rows are numbered from 1."""
        cursor = RecordCursor(self.passes)
        for row in sorted(rows):
            if found := cursor.find(row):
                index, record = found
                mapped = self._bound[index].mapper(record.values)
                yield mapped, rebuild_request(mapped, friendly_name=self._rows.friendly_name)

    def request(self, index: int, record: Record) -> WebChatRequest:
        """Return the request for a record of the source at ``index`` (from 0) that the plan pass found valid."""
        mapped = self._bound[index].mapper(record.values)
        return rebuild_request(mapped, friendly_name=self._rows.friendly_name)

    def requests(
        self, index: int, records: Sequence[Record], digests: Sequence[bytes]
    ) -> Sequence[WebChatRequest] | None:
        """Return the requests for records of one source, built together; None unless they have these digests.

        None does not mean that a record has changed; ``request`` builds each of them.
        """
        mapped = self._bound[index].mapper.map_columns([record.values for record in records])
        if mapped is None:
            return None
        return rebuild_plain_rows(mapped, digests, friendly_name=self._rows.friendly_name)


def _secret_notes(name: str) -> Iterator[str]:
    if is_masked(name):
        yield (
            f"what {MASK} hides is not kept: give the whole address again when the job goes on, and to export "
            "with --input"
        )


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
    """Open the sources that ``files`` name and close them when the context is left; see ``open_sources``.

    With ``--preset auto`` the columns of the sources decide the preset, so use the ``mapping`` of the returned
    input, not the argument. ``rows`` holds the settings for making rows from records. A pipe is copied to a
    temporary file in ``spool_dir``. ``stop`` can interrupt the wait for stdin or a pipe. Raise ``InputError`` and
    ``UsageError`` as ``open_sources``, ``Mapping.resolve_preset`` and ``JobInput`` do, and ``InputError`` for a
    results file.
    """
    reading = mapping.reading(options)
    with ExitStack() as stack:
        with (stop or StopSignals()).interrupting():  # stdin may stay open for ever
            sources = stack.enter_context(open_sources(files, reading, spool_dir=spool_dir))
        require_no_results(sources)
        headers = [(source.name, source.columns) for source in sources if source.columns]
        final = mapping.resolve_preset(headers) if headers else mapping
        job_input = JobInput(sources, final, reading, rows)
        if rows.must_say_something:
            job_input.require_content()
        yield job_input


def _of_cycle(entry: PlanEntry, cycle: int) -> PlanEntry:
    return structs.replace(entry, key=f"{entry.key}#{cycle}") if entry.key else entry
