"""What is to be closed: the conversations of a ledger, or those that a results file names."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner import __version__
from provisioner.ledger import CloseLedger, Ledger, LedgerLocation, is_ledger, open_ledger, open_reader
from provisioner.models import Status
from provisioner.models.reasons import MOST_NAMED
from provisioner.results import read_results
from provisioner.target import Target


@dataclass(frozen=True, slots=True)
class CloseTarget:
    """A ledger and the conversations of it that are to be closed."""

    ledger: Ledger
    close_ledger: CloseLedger


@dataclass(frozen=True, slots=True)
class UnknownRowsSummary:
    """Rows that may have conversations nobody knows: how many, and the numbers of the first."""

    total: int
    rows: tuple[int, ...]


class LedgerFile:
    """A job's own ledger, which keeps what became of its conversations as well."""

    has_progress = True

    def __init__(self, location: LedgerLocation) -> None:
        self.location = location

    @asynccontextmanager
    async def open(self, target: Target, *, deletes: bool, is_kept: bool) -> AsyncIterator[CloseTarget]:  # noqa: ARG002 - one shape for both
        """Open it; raise ``LedgerError`` when another account made the conversations, or a run holds it."""
        with open_reader(self.location) as reader:
            settings = reader.manifest.settings
        async with open_ledger(self.location, {**settings, **target.settings()}, version=__version__) as ledger:
            await ledger.recover()
            yield CloseTarget(ledger, ledger.closing(deletes=deletes))

    async def unknowns(self, close_target: CloseTarget) -> UnknownRowsSummary:
        """Return the rows that may have conversations nobody knows."""
        counts = await close_target.ledger.counts()
        rows = [row.row for row in await close_target.ledger.unknown(0, MOST_NAMED)]
        return UnknownRowsSummary(counts.unknown, tuple(rows))


class ResultsFile:
    """A results file, also from another machine, with a ledger of its own beside it for what became of them."""

    def __init__(self, path: Path) -> None:
        self.results = path
        self.location = LedgerLocation.for_closing(path)
        self._unknown = UnknownRowsSummary(0, ())

    @property
    def has_progress(self) -> bool:
        """Say whether it was worked at before."""
        return self.location.exists()

    @asynccontextmanager
    async def open(self, target: Target, *, deletes: bool, is_kept: bool) -> AsyncIterator[CloseTarget]:
        """Take the conversations over; ``is_kept`` says whether what becomes of them is to be remembered."""
        location = self.location if is_kept else None
        async with open_ledger(location, target.settings(), version=__version__) as ledger:
            close_ledger = ledger.closing(deletes=deletes)
            await close_ledger.import_conversations(self._made())
            yield CloseTarget(ledger, close_ledger)

    async def unknowns(self, _close_target: CloseTarget) -> UnknownRowsSummary:
        """Return the rows that the results call unknown."""
        return self._unknown

    def _made(self) -> Iterator[str]:
        """Yield the conversations it names, and note its unknown rows."""
        total, rows = 0, list[int]()
        for line in read_results(self.results):
            if line.status is Status.CREATED:
                yield line.conversation_sid
            elif line.status is Status.UNKNOWN:
                total += 1
                rows += [line.row] if len(rows) < MOST_NAMED else []
        self._unknown = UnknownRowsSummary(total, tuple(rows))


def close_source_of(path: Path) -> LedgerFile | ResultsFile:
    """Tell a ledger from a results file, by what is in it; raise ``UsageError`` for an address."""
    if is_ledger(LedgerLocation(path)) or path.is_dir():
        return LedgerFile(LedgerLocation.parse(path))
    return ResultsFile(path)
