"""Audit of a job: compare the conversations recorded as created with those that exist at Twilio."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from provisioner.errors import GuardError
from provisioner.models import UnknownRow
from provisioner.models.discrepancy import Discrepancy

from .finders import Finder
from .service_check import no_conversations


class AuditedRow(NamedTuple):
    """Created row: what it is looked up by, and the conversation SID that the ledger has for it."""

    row: UnknownRow
    conversation_sid: str


class AuditFinding(NamedTuple):
    """Discrepancy of one created row.

    ``row`` is its number, ``recorded`` the SID in the ledger, ``found`` the SIDs that exist, and ``reason`` the
    error that kept Twilio from answering, empty when it answered.
    """

    row: int
    key: str
    flaw: Discrepancy
    recorded: str
    found: tuple[str, ...]
    reason: str


class Audit:
    """Audit of created rows: look each one up and collect the discrepancies.

    A row that is not found, or about which Twilio gave no answer, is looked up a second time, ``settle_delay_s``
    seconds after all others. ``taken`` returns which of some SIDs the ledger has for rows of the job, so that
    another row's conversation is not counted for this one. ``shared`` holds the SIDs that it has for more than one
    row. ``rows`` is the number of rows looked up so far, ``is_done`` whether the second look-ups are done as well.
    ``service_sid`` is the Conversations service that is asked, empty for the account's default one, and
    ``is_known`` whether it is known to have had a conversation of the job.
    """

    def __init__(
        self,
        finder: Finder,
        *,
        taken: Callable[[Sequence[str]], Awaitable[Collection[str]]],
        shared: Collection[str] = (),
        settle_delay_s: float,
        service_sid: str = "",
        is_known: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._finder, self._settle_delay_s, self._sleep = finder, settle_delay_s, sleep
        self._taken, self._shared, self._service_sid = taken, shared, service_sid
        self._is_shown = is_known
        self._missing: list[tuple[AuditedRow, AuditFinding]] = []
        self._findings: list[AuditFinding] = []
        self.rows = 0
        self.is_done = False

    @property
    def findings(self) -> list[AuditFinding]:
        """Discrepancies so far, in the order of the rows, including those that only a first look-up has shown."""
        return sorted([*self._findings, *(finding for _, finding in self._missing)])

    async def run(self, batches: Iterable[Sequence[AuditedRow]]) -> None:
        """Look up the rows of every batch. After a cancellation, ``findings`` has the discrepancies so far.

        Raise ``GuardError`` when no conversation of the first batch is shown, since then nothing is said about
        any of them: the service that is asked is another one.
        """
        for batch in batches:
            for created, finding, is_open in await self._classify_row(batch):
                if is_open:
                    self._missing.append((created, finding))
                else:
                    self._findings.append(finding)
            self.rows += len(batch)
            if self._is_none_shown():
                await self._look_again()
                self._require_shown()
        await self._look_again()
        self.is_done = True

    async def _look_again(self) -> None:
        """Look up a second time what is missing so far."""
        if not self._missing:
            return
        await self._sleep(self._settle_delay_s)
        again = await self._classify_row([created for created, _ in self._missing])
        self._findings += [finding for _, finding, _ in again]
        self._missing = []

    def _is_none_shown(self) -> bool:
        return not self._is_shown and all(each.flaw is Discrepancy.NONE for each in self.findings)

    def _require_shown(self) -> None:
        if self._is_none_shown():
            raise GuardError(no_conversations(self._service_sid), cure="then run the same command again")

    async def _classify_row(self, batch: Sequence[AuditedRow]) -> list[tuple[AuditedRow, AuditFinding, bool]]:
        """Look up a batch and return (row, discrepancy, whether a second look-up may resolve it) for bad rows."""
        came = await self._finder.find([each.row for each in batch])
        taken = await self._taken([each.sid for found in came.values() for each in found.conversations])
        findings = []
        for created in batch:
            row, recorded = created
            list_error = came[row.id].trouble
            sids = dict.fromkeys(each.sid for each in came[row.id].conversations)
            self._is_shown = self._is_shown or bool(sids)
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
    """Return the discrepancy of one created row; None when exactly the recorded conversation was found.

    ``found`` holds the SIDs found for the row. ``is_whole`` is whether Twilio's list was complete: two SIDs are a
    discrepancy even when it is not, and otherwise the row counts as not looked up. ``is_shared`` is whether the
    ledger has the recorded SID for other rows, too.
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
