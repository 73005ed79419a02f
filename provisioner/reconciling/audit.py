"""Compares what a job says it created with what exists."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from provisioner.models import UnknownRow
from provisioner.models.discrepancy import Discrepancy

from .finders import Finder


class AuditedRow(NamedTuple):
    """A created row: how it is found, and the SID that was recorded for it."""

    row: UnknownRow
    conversation_sid: str


class AuditFinding(NamedTuple):
    """A row that does not have exactly the conversation that was recorded for it; ``reason`` is Twilio's."""

    row: int
    key: str
    flaw: Discrepancy
    recorded: str
    found: tuple[str, ...]
    reason: str


class Audit:
    """Looks created rows up and notes what is not as it should be.

    ``rows`` counts those that were looked at so far. A row that is not found, or about which Twilio gave no
    answer, is looked up once more, a settle delay after all others; ``is_done`` says that this was done, too.
    ``taken`` returns which SIDs are recorded for rows of the job: another row's are not this one's. ``shared``
    are those recorded for more than one.
    """

    def __init__(
        self,
        finder: Finder,
        *,
        taken: Callable[[Sequence[str]], Awaitable[Collection[str]]],
        shared: Collection[str] = (),
        settle_delay_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._finder, self._settle_delay_s, self._sleep = finder, settle_delay_s, sleep
        self._taken, self._shared = taken, shared
        self._missing: list[tuple[AuditedRow, AuditFinding]] = []
        self._findings: list[AuditFinding] = []
        self.rows = 0
        self.is_done = False

    @property
    def findings(self) -> list[AuditFinding]:
        """What is not as it should be, in the order of the rows, with what was missed by a first look alone."""
        return sorted([*self._findings, *(finding for _, finding in self._missing)])

    async def run(self, batches: Iterable[Sequence[AuditedRow]]) -> None:
        """Look at every batch; may be cancelled, and what was found until then stands."""
        for batch in batches:
            for created, finding, is_open in await self._classify_row(batch):
                if is_open:
                    self._missing.append((created, finding))
                else:
                    self._findings.append(finding)
            self.rows += len(batch)
        if self._missing:
            await self._sleep(self._settle_delay_s)
            again = await self._classify_row([created for created, _ in self._missing])
            self._findings += [finding for _, finding, _ in again]
            self._missing = []
        self.is_done = True

    async def _classify_row(self, batch: Sequence[AuditedRow]) -> list[tuple[AuditedRow, AuditFinding, bool]]:
        """Return what is not as it should be, and whether another look may show it otherwise."""
        came = await self._finder.find([each.row for each in batch])
        taken = await self._taken([each.sid for found in came.values() for each in found.conversations])
        findings = []
        for created in batch:
            row, recorded = created
            list_error = came[row.id].trouble
            sids = dict.fromkeys(each.sid for each in came[row.id].conversations)
            found = tuple(sid for sid in sids if sid == recorded or sid not in taken)
            if flaw := classify_row(
                recorded, found, is_whole=list_error is None, is_shared=recorded in self._shared
            ):
                reason = list_error.error if list_error else ""
                is_refused = list_error is not None and list_error.is_final
                is_open = flaw is Discrepancy.NONE or (flaw is Discrepancy.UNASKED and not is_refused)
                findings.append((created, AuditFinding(row.row, row.key, flaw, recorded, found, reason), is_open))
        return findings


def classify_row(recorded: str, found: Sequence[str], *, is_whole: bool, is_shared: bool) -> Discrepancy | None:
    """Judge one created row by the SIDs that were found for it; None: exactly the one that was recorded.

    Where the list is not whole (``is_whole``), two are too many all the same, and everything else stays open.
    One that other rows were recorded with (``is_shared``) is too few.
    """
    if len(found) > 1:
        return Discrepancy.SEVERAL
    if not is_whole:
        return Discrepancy.UNASKED
    if not found:
        return Discrepancy.NONE
    if found[0] != recorded:
        return Discrepancy.OTHER
    return Discrepancy.SHARED if is_shared else None
