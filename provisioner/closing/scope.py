"""Selection of the conversations to close: those of a ledger, or those that a results file lists."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from provisioner import __version__
from provisioner.errors import InputError
from provisioner.ledger import Ledger, LedgerLocation, is_ledger, open_ledger, open_reader
from provisioner.models import Status
from provisioner.models.accounts import BY_ROW
from provisioner.models.reasons import MOST_NAMED
from provisioner.results import ResultLine, read_results

from .joined_sids import split_sids


@dataclass(frozen=True, slots=True)
class UnknownRowsSummary:
    """Unknown rows, whose conversations cannot be closed: their number, and the first input row numbers."""

    total: int
    rows: tuple[int, ...]


class LedgerFile:
    """Ledger of a job as the source of the conversations.

    Their close status is recorded in the same ledger: ``location`` and ``of_job`` are one.
    """

    has_progress = True
    lines: tuple[str, ...] = ()
    """Further lines of the plan; none."""

    def __init__(self, location: LedgerLocation) -> None:
        self.location = self.of_job = location

    @property
    def has_accounts(self) -> bool:
        """Whether the job has several accounts. Raise ``LedgerError`` when the ledger cannot be read."""
        with open_reader(self.location) as reader:
            return reader.manifest.has_accounts

    @asynccontextmanager
    async def open(self, place: Mapping[str, str], *, is_kept: bool) -> AsyncIterator[Ledger]:  # noqa: ARG002 - one shape for all
        """Open the ledger, and mark rows in flight as unknown; ``place`` are the settings of the target.

        Raise ``OtherJobError`` when another account created the conversations, ``LedgerBusyError`` when a run
        holds the ledger, and ``LedgerError`` when it cannot be read.
        """
        with open_reader(self.location) as reader:
            settings = reader.manifest.settings
        async with open_ledger(self.location, {**settings, **place}, version=__version__) as ledger:
            await ledger.recover()
            yield ledger

    async def unknowns(self, ledger: Ledger) -> UnknownRowsSummary:
        """Return the job's unknown rows."""
        counts = await ledger.counts()
        rows = [row.row for row in await ledger.unknown(0, MOST_NAMED)]
        return UnknownRowsSummary(counts.unknown, tuple(rows))


class ResultsFile:
    """Results file as the source of the conversations to close.

    Their close status is recorded in a ledger beside the file, at ``location``, or in a temporary one when nothing
    has to be kept. ``of_job`` is the usual place of the ledger of the job that wrote the file.
    """

    lines: tuple[str, ...] = ()
    """Further lines of the plan; none."""

    def __init__(self, path: Path) -> None:
        self.results = path
        self.location = LedgerLocation.for_closing(path)
        self.of_job = LedgerLocation.beside(path)
        self._unknown = UnknownRowsSummary(0, ())

    @property
    def has_progress(self) -> bool:
        """Whether an earlier command has recorded close statuses for this file."""
        return self.location.exists()

    @property
    def has_accounts(self) -> bool:
        """Whether the results name the accounts of their rows, as far as the first valid row says.

        Raise ``InputError`` when they cannot be read.
        """
        lines = (line for line in read_results(self.results) if line.status is not Status.INVALID)
        return any(line.account_sid for line in islice(lines, 1))

    @asynccontextmanager
    async def open(self, place: Mapping[str, str], *, is_kept: bool) -> AsyncIterator[Ledger]:
        """Open the ledger beside the results file, and import the conversations of its created rows.

        ``place`` are the settings of the target. With ``is_kept`` False, use a temporary ledger instead. Raise the
        same errors as ``open_ledger``, and ``InputError`` when the results file cannot be read.
        """
        location = self.location if is_kept else None
        async with open_ledger(location, place, version=__version__) as ledger:
            if place["account"] == BY_ROW:
                for account_sid, sids in self._made_in_accounts().items():
                    view = ledger.of_account(account_sid)
                    await view.closing(deletes=False).import_conversations(split_sids(sids))
            else:
                await ledger.closing(deletes=False).import_conversations(self._made())
            yield ledger

    async def unknowns(self, _ledger: Ledger) -> UnknownRowsSummary:
        """Return the rows whose status in the results file is unknown; call this after ``open``."""
        return self._unknown

    def _made(self) -> Iterator[str]:
        """Yield the SIDs of the created rows, and remember the unknown rows."""
        return (line.conversation_sid for line in self._created())

    def _made_in_accounts(self) -> Mapping[str, bytearray]:
        """Return the same SIDs by account, without separators."""
        made: defaultdict[str, bytearray] = defaultdict(bytearray)
        for line in self._created():
            if not line.account_sid:
                raise InputError(
                    f"row {line.row} is created, and its account_sid is not the SID of an account",
                    source=str(self.results),
                    cure="name the results as a run wrote them, or the ledger of the job",
                )
            made[line.account_sid] += line.conversation_sid.encode()
        return made

    def _created(self) -> Iterator[ResultLine]:
        total, rows = 0, list[int]()
        for line in read_results(self.results):
            if line.status is Status.CREATED:
                yield line
            elif line.status is Status.UNKNOWN:
                total += 1
                rows += [line.row] if line.row and len(rows) < MOST_NAMED else []
        self._unknown = UnknownRowsSummary(total, tuple(rows))


CloseSource = LedgerFile | ResultsFile
"""Where the conversations to close are listed."""


def close_source_of(path: Path) -> CloseSource:
    """Return the source for a file: ``LedgerFile`` for a ledger by its content, else ``ResultsFile``.

    Raise ``UsageError`` for the address of a server.
    """
    if is_ledger(LedgerLocation(path)) or path.is_dir():
        return LedgerFile(LedgerLocation.parse(path))
    return ResultsFile(path)
