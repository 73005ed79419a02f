"""Waits, looks, looks again, and writes down what was found."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import structlog
from msgspec import structs

from provisioner.models import Answer, Look, Status, Unknown, Verdict

from .finders import Finder
from .judgement import Absent, CannotTell, Found, Judgement, LookLater, judge

BATCH = 500
"""Rows reconciled together: they wait together, so more would only cost memory."""


class UnknownRows(Protocol):
    """What reconciling asks of the ledger."""

    async def unknown(self, after: int, limit: int) -> Sequence[Unknown]:
        """Return the unknown rows with an id above ``after``, in order of their ids."""
        ...

    async def control(self) -> Unknown | None:
        """Return the row that was created last, which a look has to show; None when there is none yet."""
        ...

    async def resolve(self, claim_id: int, status: Status, evidence: Answer) -> None:
        """Record a look at an unknown row, and the row's status after it."""
        ...


@dataclass(slots=True)
class Reconciled:
    """How many rows went which way. ``duplicates`` names rows with more than one conversation."""

    found: int = 0
    absent: int = 0
    unclear: int = 0
    duplicates: list[int] = field(default_factory=list)
    reasons: dict[str, None] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All rows that were looked at to the end."""
        return self.found + self.absent + self.unclear


class Reconciler:
    """Settles unknown rows by looking; it never sends."""

    def __init__(
        self,
        ledger: UnknownRows,
        finder: Finder,
        *,
        settle_delay_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger, self._finder, self._settle_delay_s, self._clock = ledger, finder, settle_delay_s, clock
        self._stopping = asyncio.Event()
        self._log = structlog.get_logger().bind()
        self._done = Reconciled()

    def stop(self) -> None:
        """End soon; rows that are not proved yet stay unknown."""
        self._stopping.set()

    async def run(self) -> Reconciled:
        """Settle every unknown row that can be, once."""
        after = 0
        while not self._stopping.is_set() and (rows := await self._ledger.unknown(after, BATCH)):
            await self._settle(rows)
            after = rows[-1].id
        return self._done

    async def _settle(self, rows: Sequence[Unknown]) -> None:
        control = await self._ledger.control()
        # A clock that was set back since must not make rows wait for a time long past.
        now = self._clock()
        open_rows = {row.id: structs.replace(row, lost_at=min(row.lost_at, now)) for row in rows}
        looks: dict[int, list[Look]] = {row.id: [] for row in rows}
        while open_rows and not self._stopping.is_set():
            ends = {row.id: self._judge(row, looks[row.id]) for row in open_rows.values()}
            for row_id, end in ends.items():
                if not isinstance(end, LookLater):
                    self._count(open_rows.pop(row_id), end)
            due = await self._wait_for({row_id: ends[row_id] for row_id in open_rows})
            for row_id, look in (await self._finder.look([open_rows[i] for i in due], control)).items():
                looks[row_id].append(look)
                end = self._judge(open_rows[row_id], looks[row_id])
                await self._ledger.resolve(row_id, _STATUSES[type(end)], evidence(open_rows[row_id], look, end))

    def _judge(self, row: Unknown, looks: Sequence[Look]) -> Judgement:
        return judge(looks, lost_at=row.lost_at, settle_delay_s=self._settle_delay_s)

    async def _wait_for(self, ends: dict[int, Judgement]) -> list[int]:
        """Wait until the first of the rows may be looked at again, and return all that may be then."""
        times = {row_id: end.at for row_id, end in ends.items() if isinstance(end, LookLater)}
        if not times:
            return []
        with suppress(TimeoutError):
            async with asyncio.timeout(min(times.values()) - self._clock()):
                await self._stopping.wait()
        now = self._clock()
        return [] if self._stopping.is_set() else [row_id for row_id, at in times.items() if at <= now]

    def _count(self, row: Unknown, end: Judgement) -> None:
        match end:
            case Found(duplicates=duplicates):
                self._done.found += 1
                self._done.duplicates += [row.row] if duplicates else []
            case Absent():
                self._done.absent += 1
            case CannotTell(reason):
                self._done.unclear += 1
                self._done.reasons[reason] = None
            case LookLater():
                return
            case _:
                assert_never(end)
        self._log.info("row.reconciled", row=row.row, row_key=row.key, end=type(end).__name__)


_STATUSES: dict[type[Judgement], Status] = {
    Found: Status.CREATED,
    Absent: Status.UNSENT,
    LookLater: Status.UNKNOWN,
    CannotTell: Status.UNKNOWN,
}


def evidence(row: Unknown, look: Look, end: Judgement) -> Answer:
    """Return one look as the ledger keeps it, with what it came to."""
    verdict, code, error, sid = Verdict.MAYBE, "not_seen", "looked up and not seen yet", ""
    match end:
        case Found(sid, duplicates):
            verdict, code, error = Verdict.CREATED, "", ""
            if duplicates:
                code, error = "duplicate", f"there are further conversations of this row: {', '.join(duplicates)}"
        case Absent():
            verdict, code = Verdict.NOT_PROCESSED, "absent"
            error = "looked up twice and not there, beside one that is: it is safe to send"
        case CannotTell(reason):
            code, error = "cannot_tell", reason
        case LookLater():
            if look.trouble:
                code, error = "look_failed", look.trouble
        case _:
            assert_never(end)
    return Answer(
        verdict=verdict,
        due=look.at,
        sent=look.at,
        ended=look.at,
        conversation_sid=sid,
        identity=row.identity,
        error_code=code,
        error=error,
    )
