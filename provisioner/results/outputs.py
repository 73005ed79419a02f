"""Output files of a job: the results, and the file of rows to fix (``--failed``)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from msgspec import structs

from provisioner.errors import UsageError
from provisioner.ledger import LedgerReader
from provisioner.models import Record, Status
from provisioner.models.output_columns import FAILED_COLUMNS, foreign_status_getter
from provisioner.options import ResultsOptions
from provisioner.results import (
    STDOUT,
    Cell,
    Format,
    InputColumns,
    atomic_write,
    check_writable,
    format_of,
    paired,
    write_results,
)
from provisioner.sources import PARQUET, WORKBOOK, WORKBOOKS, ObjectSource, Source, enumerate_records
from provisioner.sources.delimited.source import DelimitedSource
from provisioner.sources.delimited.spelling import without_stand_in
from provisioner.sources.files.objects import object_address, shown_output

_BINARY = {WORKBOOK: "a workbook", PARQUET: "a Parquet file"}
"""What a file is called that is no text, by its format, which is also its suffix."""
_TO_FIX = {Status.REJECTED, Status.INVALID}


class Outputs:
    """Output files that the options name.

    The constructor raises ``UsageError`` when no results file is named, when the format is unclear, or when a file
    could not be written.
    """

    def __init__(self, options: ResultsOptions) -> None:
        if options.output is None:
            raise UsageError("no results file was named", cure="add -o results.csv")
        self.path: Path = options.output
        self._options = options
        self._paths = [path for path in (self.path, options.failed) if path is not None]
        for path in self._paths:
            check_writable(path)
        self._format = format_of(self.path, options.format)
        if options.failed == STDOUT:
            raise UsageError("--failed cannot go to stdout", cure="name a file")

    @property
    def folder(self) -> Path | None:
        """Folder of the results file; None when the results go to stdout or to an address."""
        return None if self.path == STDOUT or object_address(self.path) else self.path.parent

    @property
    def shown(self) -> str:
        """Name of the results file as it was typed, without a secret."""
        return shown_output(self.path)

    @property
    def failed(self) -> Path | None:
        """Path of the ``--failed`` file; None when there is none."""
        return self._options.failed

    @property
    def needs_input(self) -> bool:
        """Return whether writing reads the input again: for ``--include-input`` or ``--failed``."""
        return self._options.include_input or self._options.failed is not None

    def check_sources(self, sources: Sequence[Source]) -> None:
        """Raise ``UsageError`` when ``--failed`` cannot hold the rows of all sources.

        They need the same columns and the same format, and the suffix of the file has to fit the format.
        """
        if self._options.failed is None:
            return
        _check_name(self._options.failed, sources[0])
        first = sources[0]
        for other in sources[1:]:
            if other.shape != first.shape:
                raise UsageError(
                    f"--failed cannot hold rows of {first.name} and {other.name}: their columns or formats differ",
                    cure="run the files one by one, or omit --failed",
                )

    def write_vanished(self, open_reader: Callable[[], AbstractContextManager[LedgerReader]]) -> int:
        """Write the results of the rows that are no longer in the input and return their number. Blocks."""
        with open_reader() as reader, atomic_write(self.path) as stream:
            return write_results(
                stream,
                reader.vanished_results(),
                self._format,
                formula_guard=self._options.formula_guard,
                has_accounts=reader.has_accounts(),
            )

    def write(
        self, open_reader: Callable[[], AbstractContextManager[LedgerReader]], sources: Sequence[Source] = ()
    ) -> None:
        """Write every output file, each completely or not at all. Blocks; call it in a thread.

        ``open_reader`` opens the ledger for reading, in the calling thread. ``sources`` are read again if
        ``needs_input``. Raise ``StorageError`` when a file cannot be written, and ``InputError`` when the input
        can no longer be read or has another number of rows than the ledger.
        """
        with open_reader() as reader:
            columns = _input_columns(sources, self._format) if self._options.include_input else None
            with atomic_write(self.path) as stream:
                write_results(
                    stream,
                    reader.results(),
                    self._format,
                    formula_guard=self._options.formula_guard,
                    inputs=columns,
                    has_accounts=reader.has_accounts(),
                )
            if self._options.failed is not None:
                _write_failed(self._options.failed, reader, sources)

    def stamp(self) -> str:
        """Return sizes and modification times of the output files, with the options that shape them.

        Equal stamps mean that no file has changed in between. The stamp is empty when a file does not exist.
        """
        try:
            states = [(path.absolute(), path.stat()) for path in self._paths]
        except OSError:
            return ""
        files = [f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states]
        asked = f"{self._format} {self._options.include_input} {self._options.formula_guard}"
        return "\n".join([*files, asked])

    @property
    def has_further_columns(self) -> bool:
        """Return whether the input's columns follow those of the results."""
        return self._options.include_input


def file_stamp(path: Path | None) -> str:
    """Return name, size and modification time of a file; empty when it does not exist, or is None or stdout."""
    if path is None or path == STDOUT:
        return ""
    try:
        state = path.stat()
    except OSError:
        return ""
    return f"{path.name} {state.st_size} {state.st_mtime_ns}"


def _check_name(failed: Path, source: Source) -> None:
    """Raise ``UsageError`` when the suffix of ``--failed`` does not fit its format, which is the input's."""
    form, suffix = source.detection.format.value, failed.suffix.lower().removeprefix(".")
    wanted = WORKBOOK if form in WORKBOOKS else form if form in _BINARY else ""
    if wanted != (suffix if suffix in _BINARY else ""):
        what = f"{_BINARY[wanted]} like the input" if wanted else f"text like the input, not {_BINARY[suffix]}"
        name = failed.with_suffix(f".{wanted or 'csv'}").name
        raise UsageError(f"--failed {failed}: the file will be {what}", cure=f"name it {name}")


def _write_failed(path: Path, reader: LedgerReader, sources: Sequence[Source]) -> None:
    """Write the rows that a person has to fix; the others are the job's own to go on with.

    A row that came with the ``_status`` of another job keeps it, so that no later job sends it either.
    """
    kept = [foreign_status_getter(each.columns, has_dynamic_columns=each.has_dynamic_columns) for each in sources]
    with atomic_write(path) as stream, ExitStack() as stack:
        writer = stack.enter_context(sources[0].writer(stream, FAILED_COLUMNS))
        current = -1
        for (_, index, record), found in paired(enumerate_records(sources), reader.statuses()):
            if index != current:
                writer.begin(sources[index])
                current = index
            if found.status in _TO_FIX:
                status_of = None if record.problem else kept[index]
                status = (status_of and status_of(record.values)) or found.status
                writer.write(record, (status, found.error_code or "", found.error or ""))


def _input_columns(sources: Sequence[Source], style: Format) -> InputColumns:
    """Return every column of the sources once; a name that one of them repeats is as many columns."""
    own = [_numbered(source.columns) for source in sources]
    columns = tuple(dict.fromkeys(column for each in own for column in each))
    cells = [_cells_of(source, its_own, columns, style) for source, its_own in zip(sources, own, strict=True)]
    spelt = [_spelling(source, style) for source in sources]
    rows = (cells[index](spelt[index](record)) for _, index, record in enumerate_records(sources))
    return InputColumns([name for name, _ in columns], rows)


def _spelling(source: Source, style: Format) -> Callable[[Record], Record]:
    """Return the function that gives a record the values with which its input is repeated."""
    if not isinstance(source, DelimitedSource) or not source.dialect.keeps_text:
        return lambda record: record
    if style is Format.CSV:
        return source.as_written

    def with_nulls(record: Record) -> Record:
        values = source.as_written(record).values
        return structs.replace(record, values=[without_stand_in(value) for value in values])

    return with_nulls


_Column = tuple[str, int]
"""Name of a column, and its number among those of that name, from 0."""


def _numbered(names: Sequence[str]) -> tuple[_Column, ...]:
    seen: Counter[str] = Counter()
    columns = []
    for name in names:
        columns.append((name, seen[name]))
        seen[name] += 1
    return tuple(columns)


def _cells_of(
    source: Source, own: tuple[_Column, ...], columns: tuple[_Column, ...], style: Format
) -> Callable[[Record], Sequence[Cell]]:
    """Return the function that puts a record's values into the order of ``columns``; a missing value is None.

    ``own`` are the columns of the source. Values that are not texts keep their JSON text, and so their type, when
    the results are JSON Lines.
    """
    objects = source if isinstance(source, ObjectSource) and style is Format.JSONL else None

    def cells(record: Record) -> Sequence[Cell]:
        if isinstance(record.values, list):
            by_column = dict(zip(own, record.values, strict=False))
            return [by_column.get(column) for column in columns]
        by_name: Mapping[str, Cell] = objects.members(record) if objects and not record.problem else record.values
        return [by_name.get(name) for name, _ in columns]

    def aligned(record: Record) -> Sequence[Cell]:
        values = record.values
        return values if isinstance(values, list) and len(values) == len(columns) else cells(record)

    return aligned if columns == own and not source.has_dynamic_columns else cells
