"""The closer alone: what is repeated, what stops it, and what it leaves."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from provisioner.closing.close_workers import ATTEMPTS, CloseWorkers
from provisioner.errors import ExitCode, StorageError
from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation
from provisioner.ports.sending import Gate
from tests.clock import run_virtually
from tests.free_pace import FreePace

DONE = CloseResult(CloseStatus.CLOSED, due=1.0, sent=1.0, ended=2.0, http_status=200)
MAYBE = CloseResult(CloseStatus.MAYBE, due=1.0, sent=1.0, ended=2.0, error_code="timeout", error="no answer")
REFUSED = CloseResult(
    CloseStatus.REFUSED, due=1.0, sent=1.0, ended=2.0, http_status=400, error_code="50001", error="no"
)
THROTTLED = CloseResult(
    CloseStatus.NOT_PROCESSED, due=1.0, sent=1.0, ended=2.0, http_status=429, retry_after_s=3.0, is_throttled=True
)
FORBIDDEN = CloseResult(
    CloseStatus.REFUSED, due=1.0, sent=1.0, ended=2.0, http_status=401, error="check the key", stops_run=True
)


@dataclass
class FakeCloseStore:
    """So many conversations, and what was settled of each."""

    total: int
    settled: list[tuple[int, CloseStatus, int]] = field(default_factory=list)
    on_settle: Callable[[], None] = lambda: None

    async def left(self, after: int, limit: int) -> Sequence[OpenConversation]:
        """Return the next ones."""
        numbers = range(after + 1, min(after + limit, self.total) + 1)
        return [OpenConversation(number, f"CH{number}") for number in numbers]

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Note what became of one."""
        self.on_settle()
        self.settled.append((row_id, result.status, number))


@dataclass
class NotingCloseObserver:
    """Counts what it hears."""

    heard: Counter[str] = field(default_factory=Counter)
    ends: list[tuple[int, CloseStatus]] = field(default_factory=list)

    def request_started(self) -> None:
        """Count one."""
        self.heard["departed"] += 1

    def request_finished(self) -> None:
        """Count one."""
        self.heard["landed"] += 1

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Note an end."""
        if is_last:
            self.ends.append((conversation.id, result.status))

    def request_throttled(self, pause_s: float) -> None:
        """Count one."""
        self.heard["gave way"] += 1


@dataclass
class Scene:
    """A closer among fakes; ``script`` has the partings of each conversation, the last of which stays."""

    script: dict[str, list[CloseResult]] = field(default_factory=dict)
    store: FakeCloseStore = field(default_factory=lambda: FakeCloseStore(3))
    pace: FreePace = field(default_factory=FreePace)
    observer: NotingCloseObserver = field(default_factory=NotingCloseObserver)
    asked: list[str] = field(default_factory=list)
    concurrency: int = 2

    def __post_init__(self) -> None:
        self.workers = CloseWorkers(
            store=self.store,
            close_call=self.end,
            pace=self.pace,
            observer=self.observer,
            concurrency=self.concurrency,
        )

    async def end(self, sid: str, gate: Gate) -> CloseResult:
        """Pass the gate and answer as the script says."""
        await gate.wait()
        self.asked.append(sid)
        partings = self.script.get(sid, [DONE])
        return partings.pop(0) if len(partings) > 1 else partings[0]


async def test_each_conversation_is_ended_once() -> None:
    """All that is left is asked for, in order, over every batch."""
    scene = Scene(store=FakeCloseStore(450), concurrency=1)

    assert await scene.workers.run() is None

    assert scene.asked == [f"CH{number}" for number in range(1, 451)]
    assert scene.store.settled == [(number, CloseStatus.CLOSED, 1) for number in range(1, 451)]
    assert scene.observer.heard == {"departed": 450, "landed": 450}
    assert scene.pace.accepted == 450


def test_what_is_in_doubt_is_asked_for_again() -> None:
    """Closing twice does no harm, so a lost reply is no reason to look."""
    scene = Scene({"CH2": [MAYBE, MAYBE, DONE]})

    run_virtually(scene.workers.run())

    assert Counter(scene.asked) == {"CH1": 1, "CH2": 3, "CH3": 1}
    assert [each for each in scene.store.settled if each[0] == 2] == [
        (2, CloseStatus.MAYBE, 1),
        (2, CloseStatus.MAYBE, 2),
        (2, CloseStatus.CLOSED, 3),
    ]
    assert (2, CloseStatus.CLOSED) in scene.observer.ends


def test_what_stays_in_doubt_is_left_for_another_run() -> None:
    """After so many attempts it is told as what it is, and the others are done."""
    scene = Scene({"CH1": [MAYBE]})

    assert run_virtually(scene.workers.run()) is None

    assert scene.asked.count("CH1") == ATTEMPTS
    assert sorted(scene.observer.ends) == [
        (1, CloseStatus.MAYBE),
        (2, CloseStatus.CLOSED),
        (3, CloseStatus.CLOSED),
    ]


async def test_a_refusal_is_final() -> None:
    """It is asked once, and the others go on."""
    scene = Scene({"CH1": [REFUSED]})

    assert await scene.workers.run() is None

    assert scene.asked.count("CH1") == 1
    assert sorted(scene.observer.ends) == [
        (1, CloseStatus.REFUSED),
        (2, CloseStatus.CLOSED),
        (3, CloseStatus.CLOSED),
    ]


async def test_a_429_makes_everyone_give_way() -> None:
    """The pace hears of it with the pause that was asked for, and the conversation has its turn again."""
    scene = Scene({"CH1": [THROTTLED, DONE]})

    await scene.workers.run()

    assert scene.pace.retry_afters == [3.0]
    assert scene.observer.heard["gave way"] == 1
    assert (1, CloseStatus.CLOSED) in scene.observer.ends


async def test_a_fault_of_the_run_stops_it() -> None:
    """Refused credentials would be refused for all: nothing new is sent."""
    scene = Scene({"CH1": [FORBIDDEN]}, store=FakeCloseStore(50), concurrency=1)

    error = await scene.workers.run()

    assert error is not None
    assert (error.message, error.exit_code) == ("check the key", ExitCode.GUARD)
    assert scene.asked == ["CH1"]


async def test_draining_starts_nothing_new() -> None:
    """Those who wait at the gate turn back, and nothing is settled for them."""
    scene = Scene(pace=FreePace(is_held=True))
    running = asyncio.create_task(scene.workers.run())
    await asyncio.sleep(0)

    scene.workers.drain()

    assert await running is None
    assert scene.asked == []
    assert scene.store.settled == []


async def test_draining_ends_a_wait_between_attempts() -> None:
    """Nobody waits for a backoff when the run stops."""
    scene = Scene({"CH1": [MAYBE]}, store=FakeCloseStore(1), concurrency=1)
    scene.store.on_settle = scene.workers.drain

    assert await scene.workers.run() is None

    assert scene.store.settled == [(1, CloseStatus.MAYBE, 1)]


async def test_cancelling_waits_for_nothing() -> None:
    """What flies is let go; it is asked for again another time."""
    scene = Scene(concurrency=1)
    is_flying = asyncio.Event()

    async def fly(_sid: str, gate: Gate) -> CloseResult:
        await gate.wait()
        is_flying.set()
        await asyncio.Event().wait()
        raise AssertionError

    workers = CloseWorkers(
        store=scene.store, close_call=fly, pace=scene.pace, observer=scene.observer, concurrency=1
    )
    running = asyncio.create_task(workers.run())
    await is_flying.wait()

    workers.cancel()

    assert await running is None
    assert scene.store.settled == []
    assert scene.observer.heard == {"departed": 1, "landed": 1}


async def test_a_ledger_that_takes_nothing_ends_the_run() -> None:
    """What cannot be recorded is not gone on with."""
    scene = Scene()

    def fail() -> None:
        raise StorageError("no room")

    scene.store.on_settle = fail

    with pytest.raises(StorageError, match="no room"):
        await scene.workers.run()
