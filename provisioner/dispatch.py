"""Sends rows: bounded in flight, paced, retried, drained. Knows ports only.

The order inside one attempt is fixed: intent (durable), pace, send, settle (durable). So after a crash, what was
in flight is *unknown*, and nothing else is.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from provisioner.errors import GuardError, InputError, ProvisionerError
from provisioner.models import Answer, Row, Status, Verdict
from provisioner.options import FailureLimit
from provisioner.ports import Creator, Feed, Gate, GateClosed, Ledger, Observer, Pace
from provisioner.retry import Again, Settle, decide

BATCH = 64
"""Rows claimed and rebuilt at a time; more would hold the loop up for longer."""


class StopKind(StrEnum):
    """Why nothing new is started."""

    ASKED = "asked"
    """By a signal, or by whoever holds the run."""
    FAULT = "fault"
    """Twilio refused the run's credentials or address."""
    CANARY = "canary"
    """The first rows were all refused."""
    FAILURES = "failures"
    """Too many rows failed."""
    INPUT = "input"
    """The input is not what was planned any more."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run ended before its rows did; ``error`` says what to do, None where somebody asked for it."""

    kind: StopKind
    error: ProvisionerError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds a run keeps.

    ``to_send`` is the number of rows that a share of failures refers to. ``resends_unknown`` gives up the promise
    that no row is created twice: an attempt in doubt is repeated like one that never left.
    """

    concurrency: int
    max_attempts: int
    canary: int = 0
    failures: FailureLimit | None = None
    to_send: int = 0
    resends_unknown: bool = False


@dataclass(slots=True)
class _Tally:
    """What the guards count, in rows of this run."""

    settled: int = 0
    rejected: int = 0
    failed: int = 0
    last_refusal: str = ""


@dataclass(slots=True)
class _Departure:
    """The gate of one attempt: passes the pace on, and knows whether the request has left."""

    gate: Gate
    observer: Observer
    has_left: bool = field(default=False, init=False)

    async def wait(self) -> float:
        due = await self.gate.wait()
        self.has_left = True
        self.observer.departed()
        return due


class Dispatcher:
    """Sends every row that the ledger hands out, and settles each; ``run`` returns when all are settled."""

    def __init__(
        self, *, ledger: Ledger, feed: Feed, creator: Creator, pace: Pace, observer: Observer, limits: Limits
    ) -> None:
        self._ledger, self._feed, self._creator, self._pace = ledger, feed, creator, pace
        self._observer, self._limits = observer, limits
        self._tally = _Tally()
        self._rows: deque[Row] = deque()
        self._supply = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._stop: Stop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> Stop | None:
        """Send until no row is left or something stops the run; return what did, None when all are settled."""
        if self._limits.canary:
            await self._work(workers=1, most=self._limits.canary)
            self._judge_canary()
        await self._work(workers=self._limits.concurrency)
        return self._stop

    def drain(self, stop: Stop | None = None) -> None:
        """Start nothing new and let finish what flies. The first reason given stands."""
        if self._stop is None:
            self._stop = stop or Stop(StopKind.ASKED)
        self._stopping.set()
        self._pace.close()

    def cancel(self) -> None:
        """Wait no longer for what flies: it becomes *unknown*."""
        self.drain()
        for task in self._tasks:
            task.cancel()

    async def _work(self, *, workers: int, most: int = 0) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    task = group.create_task(self._send_rows(most))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        except BaseExceptionGroup as failures:
            raise _cause(failures) from failures

    async def _send_rows(self, most: int) -> None:
        sent = 0
        while not self._stopping.is_set() and (not most or sent < most):
            row = await self._next_row()
            if row is None:
                return
            sent += 1
            await self._deliver(row)

    async def _next_row(self) -> Row | None:
        async with self._supply:
            if not self._rows:
                self._rows.extend(await self._supply_rows())
            return self._rows.popleft() if self._rows else None

    async def _supply_rows(self) -> Sequence[Row]:
        """Claim rows and rebuild them; a source that has changed lets finish what flies, and gives none."""
        claims = await self._ledger.claim(BATCH)
        try:
            return await self._feed.rows(claims) if claims else ()
        except InputError as error:
            self.drain(Stop(StopKind.INPUT, error))
            return ()

    async def _deliver(self, row: Row) -> None:
        attempt = 0
        while not self._stopping.is_set():
            attempt += 1
            answer = await self._attempt(row)
            if answer is None:
                return
            self._observer.answered(row, answer, attempt)
            self._yield_to_limits(answer)
            match self._decide(answer, attempt):
                case Settle(status):
                    await self._settle(row, status, answer)
                    return
                case Again(delay_s):
                    await self._ledger.settle(row.id, Status.PENDING, answer)
                    if delay_s:
                        await self._pause(delay_s)
                case decision:
                    assert_never(decision)

    def _decide(self, answer: Answer, attempt: int) -> Settle | Again:
        return decide(
            answer,
            attempt=attempt,
            max_attempts=self._limits.max_attempts,
            resends_unknown=self._limits.resends_unknown,
        )

    async def _attempt(self, row: Row) -> Answer | None:
        """Make one attempt; None when the run stopped before the request left.

        A cancelled attempt whose request has left stays *in flight* in the ledger, like after a crash.
        """
        departure: _Departure | None = None
        try:
            async with self._pace.turn() as gate:
                await self._ledger.begin(row.id, row.request.identity)
                departure = _Departure(gate, self._observer)
                return await self._creator.create(row.request, departure)
        except GateClosed:
            await self._ledger.release([row.id])
            return None
        except asyncio.CancelledError:
            if departure is None or not departure.has_left:
                await self._ledger.release([row.id])
            raise
        finally:
            if departure is not None and departure.has_left:
                self._observer.landed()

    def _yield_to_limits(self, answer: Answer) -> None:
        if answer.is_throttled:
            self._observer.gave_way(self._pace.give_way(answer.retry_after_s))
        elif answer.http_status is not None:
            self._pace.accept()

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()

    async def _settle(self, row: Row, status: Status, answer: Answer) -> None:
        await self._ledger.settle(row.id, status, answer)
        self._observer.settled(row, status, answer)
        self._count(status, answer)
        if answer.stops_run:
            self.drain(Stop(StopKind.FAULT, GuardError(answer.error)))
        elif self._limits.failures and self._limits.failures.is_reached(self._tally.failed, self._limits.to_send):
            self.drain(Stop(StopKind.FAILURES, _too_many(self._tally)))

    def _count(self, status: Status, answer: Answer) -> None:
        self._tally.settled += 1
        if status in {Status.REJECTED, Status.UNKNOWN}:
            self._tally.failed += 1
        if answer.verdict is Verdict.REFUSED:
            self._tally.rejected += 1
            self._tally.last_refusal = answer.error

    def _judge_canary(self) -> None:
        tally = self._tally
        if self._stop is None and tally.settled and tally.rejected == tally.settled:
            self.drain(Stop(StopKind.CANARY, _refused_canary(tally)))


def _refused_canary(tally: _Tally) -> GuardError:
    count = "the first row was" if tally.settled == 1 else f"the first {tally.settled} rows were all"
    return GuardError(
        f"{count} refused, so nothing else was sent: {tally.last_refusal}",
        cure="mend the configuration or the input; if only that row is wrong, run the same command again; if this "
        "account takes no Identity, start anew: --identity none --marker NAME, and another -o",
    )


def _too_many(tally: _Tally) -> GuardError:
    return GuardError(
        f"{tally.failed} rows were rejected or are unknown, the limit of --max-failures",
        cure="look at their errors in the results, then run the same command again",
    )


def _cause(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    run_level = failures.subgroup(ProvisionerError)
    return run_level.exceptions[0] if run_level else failures
