"""Test bench of the reconciler: a real ledger, a fake finder, and a clock that the test controls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import structs

from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.models import AttemptResult, ControlVisibility, LookupObservation, Status, UnknownRow
from provisioner.reconciling import FinderChoice, Reconciler
from provisioner.system.clock import Clock as SystemClock
from tests.ledger_samples import CREATED, INPUT, LOST, SETTINGS, claim_all, entries, query
from tests.sids import conversation_sid

SID = {letter: conversation_sid(ord(letter)) for letter in "123abz"}
"""SIDs of some conversations by a short name."""
WALL = 1_700_001_000.0
"""Unix time in seconds at which the reconciler's own clock is 0."""


@dataclass
class Clock:
    """Clock that advances only by its own ``sleep``."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now

    def wall(self) -> float:
        """Return the time in Unix seconds."""
        return WALL + self.now

    async def sleep(self, delay_s: float) -> None:
        """Advance the clock by ``delay_s`` seconds."""
        if delay_s > 0:
            self.waits.append(delay_s)
            self.now += delay_s
        await asyncio.sleep(0)


@dataclass
class FakeFinder:
    """Finder that returns each key's conversations from given times on.

    ``script`` holds other results of the next look-ups, in order. ``looks`` records the time and the keys of each
    look-up, and the key of its control.
    """

    clock: Clock
    shows: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    script: Sequence[Mapping[str, Any]] = ()
    by_identity: bool = True
    looks: list[tuple[float, list[str], str]] = field(default_factory=list)

    async def find(self, rows: Sequence[UnknownRow]) -> Any:
        """Raise an error; a reconciler does not call this."""
        raise NotImplementedError

    async def look(
        self, rows: Sequence[UnknownRow], control: UnknownRow | None
    ) -> Mapping[int, LookupObservation]:
        """Return the observations at the current time."""
        usual = {"control": ControlVisibility.SHOWN if control else ControlVisibility.NONE}
        turn = len(self.looks)
        met = {**usual, **(self.script[min(turn, len(self.script) - 1)] if self.script else {})}
        self.looks.append((self.clock.now, [row.key for row in rows], control.key if control else ""))
        await asyncio.sleep(0)
        return {
            row.id: LookupObservation(at=self.clock.now, conversation_sids=self._seen(row.key), **met)
            for row in rows
        }

    def _seen(self, key: str) -> tuple[str, ...]:
        return tuple(sid for sid, since in self.shows.get(key, {}).items() if since <= self.clock.now)


@dataclass
class NotingReconcileObserver:
    """Observer that records its calls."""

    heard: list[tuple[str, Status, str]] = field(default_factory=list)

    def resolved(self, row: UnknownRow, status: Status, evidence: AttemptResult) -> None:
        """Record a row's new status and its evidence."""
        self.heard.append((row.key, status, evidence.error_code or evidence.conversation_sid))


@dataclass
class Bench:
    """A ledger with unknown rows ``a``, ``b`` … and a created row ``z``, and a reconciler over it."""

    path: Path
    ledger: SqliteLedger
    clock: Clock = field(default_factory=Clock)
    observer: NotingReconcileObserver = field(default_factory=NotingReconcileObserver)
    finder: FakeFinder = field(init=False)

    def __post_init__(self) -> None:
        self.finder = FakeFinder(self.clock)

    def reconciler(
        self, chosen: FinderChoice | None = None, *, sleep: Callable[[float], Awaitable[None]] | None = None
    ) -> Reconciler:
        """Return a reconciler with a settle delay of 5 seconds."""
        return Reconciler(
            self.ledger,
            chosen or FinderChoice(self.finder),
            self.observer,
            settle_delay_s=5.0,
            clock=SystemClock(monotonic=self.clock, wall=self.clock.wall, sleep=sleep or self.clock.sleep),
        )

    @property
    def statuses(self) -> dict[str, str]:
        """Status of every row by key."""
        return dict(query(self.path, "SELECT key, status FROM rows ORDER BY id"))

    @property
    def evidence(self) -> list[tuple[str, str, str | None, float]]:
        """All look-ups in the ledger: key, class, code or SID, and start time on the reconciler's clock."""
        lines = query(
            self.path,
            "SELECT key, class, coalesce(error_code, conversation_sid), ended FROM attempts "
            "JOIN rows ON rows.id = row_id WHERE step = 'lookup' ORDER BY attempts.id",
        )
        return [(key, verdict, code, ended - WALL) for key, verdict, code, ended in lines]


@asynccontextmanager
async def open_bench(
    folder: Path, unknown: str = "a", *, lost: AttemptResult = LOST, has_control: bool = True
) -> AsyncIterator[Bench]:
    """Open a bench with an unknown row for every letter of ``unknown``, and a created row as control."""
    path = folder / "job.ledger"
    async with open_sqlite_ledger(path, SETTINGS, version="1", synchronous="OFF") as ledger:
        await ledger.plan(entries(f"{unknown}z" if has_control else unknown), INPUT)
        for claim in await claim_all(ledger):
            await ledger.begin(claim.id, f"wc-{claim.key}")
            if claim.key == "z":
                created = structs.replace(CREATED, identity="wc-z", conversation_sid=SID["z"])
                await ledger.settle(claim.id, Status.CREATED, created)
            else:
                await ledger.settle(claim.id, Status.UNKNOWN, lost)
        yield Bench(path, ledger)
