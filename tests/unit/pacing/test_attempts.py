"""The retry loop alone: what every kind of request has in common."""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from provisioner.models import ConnectFailure, ForeignReply
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest
from provisioner.ports.sending import Gate
from tests.clock import now, run_virtually
from tests.free_pace import FreePace


@dataclass(frozen=True)
class Came:
    """The result of one attempt."""

    http_status: int | None = 200
    is_throttled: bool = False
    retry_after_s: float | None = None
    is_final: bool = False
    connect_failure: ConnectFailure | None = None
    foreign: ForeignReply | None = None
    latency_ms: float | None = None


DONE, FAILED, LOST = Came(is_final=True), Came(503), Came(None)
THROTTLED = Came(429, is_throttled=True, retry_after_s=3.0)


class Request(IdempotentRequest[str, Came]):
    """Meets one result after the other, and notes what it is told and when it is asked."""

    def __init__(self, *results: Came, pace: FreePace | None = None) -> None:
        self.free_pace = pace or FreePace()
        super().__init__(self.free_pace, max_attempts=len(results))
        self.results: Iterable[Came] = iter(results)
        self.events: list[str] = []
        self.times: list[float] = []

    async def begin(self, subject: str, /) -> None:
        """Note an intent."""
        self.events.append(f"begin {subject}")

    async def release(self, subject: str, /) -> None:
        """Note that it is taken back."""
        self.events.append(f"release {subject}")

    async def send(self, _subject: str, gate: Gate, /) -> Came:
        """Pass the gate and answer."""
        await gate.wait()
        self.times.append(now())
        return next(iter(self.results))

    def request_started(self) -> None:
        """Note a start."""
        self.events.append("started")

    def request_finished(self) -> None:
        """Note an end."""
        self.events.append("finished")

    def request_throttled(self, pause_s: float, /) -> None:
        """Note a pause."""
        self.events.append(f"throttled {pause_s}")


def run(request: Request) -> Came | None:
    """Run to the end, in virtual time."""
    return run_virtually(AttemptRunner().run(request, "x", request.conclude))


def test_every_429_makes_everyone_give_way_the_last_one_as_well() -> None:
    """Whoever asks for something else next must not be the next to be turned away."""
    request = Request(THROTTLED, THROTTLED, THROTTLED)

    assert run(request) == THROTTLED
    assert request.free_pace.retry_afters == [3.0, 3.0, 3.0]
    assert request.events.count("throttled 1.0") == 3
    assert request.times == [request.times[0]] * 3


def test_what_failed_waits_ever_longer_and_what_is_final_is_not_repeated() -> None:
    """The wait doubles, half of it random; a reply that is no 429 shortens the next pause, a lost one does not."""
    request = Request(FAILED, LOST, DONE, DONE)

    assert run(request) == DONE
    first, second, third = request.times
    assert 0.25 <= second - first <= 0.5 <= third - second <= 1.0
    assert request.free_pace.accepted == 2
    assert request.events == ["begin x", "started", "finished"] * 3


def test_nothing_is_told_of_a_request_that_never_left() -> None:
    """A closed gate: the intent is taken back, and there is no result."""
    request = Request(DONE)
    request.free_pace.close()

    assert run(request) is None
    assert request.events == ["begin x", "release x"]


def test_stopping_ends_the_wait_between_two_attempts() -> None:
    """Nobody waits for a backoff when the run stops, and nothing is attempted after it."""
    request = Request(*[FAILED] * 5)

    async def stop_soon() -> tuple[Came | None, float]:
        stopping, began = asyncio.Event(), now()
        asyncio.get_running_loop().call_later(0.1, stopping.set)
        result = await AttemptRunner(stopping).run(request, "x", request.conclude)
        return result, now() - began

    result, took_s = run_virtually(stop_soon())

    assert result is None
    assert took_s == pytest.approx(0.1)
    assert len(request.times) == 1


@pytest.mark.parametrize(
    ("is_held", "events"), [(True, ["begin x", "release x"]), (False, ["begin x", "started"])]
)
def test_an_attempt_that_is_cancelled_keeps_its_intent_only_if_it_left(
    *, is_held: bool, events: list[str]
) -> None:
    """What was under way is in doubt, like after a crash; what still waited at the gate is as it was."""

    class Stalling(Request):
        async def send(self, _subject: str, gate: Gate, /) -> Came:
            await gate.wait()
            await asyncio.Event().wait()
            raise AssertionError

    async def cancel() -> None:
        running = asyncio.create_task(AttemptRunner().run(request, "x", request.conclude))
        await asyncio.sleep(1)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()

    request = Stalling(DONE, pace=FreePace(is_held=is_held))
    run_virtually(cancel())

    assert request.events == [*events, *([] if is_held else ["finished"])]


def test_an_attempt_without_a_connection_is_taken_back_and_counts_only_if_the_pace_says_so() -> None:
    """It says nothing about what it asks for: the intent goes, and all attempts are left for later."""
    away = Came(None, connect_failure=ConnectFailure("it cannot be reached"))
    request = Request(away, away, away, DONE, pace=FreePace(waits=[0.0, 7.0]))
    request._max_attempts = 2

    assert run(request) == DONE
    assert request.events == [
        *["begin x", "started", "finished", "release x"] * 2,
        *["begin x", "started", "finished"] * 2,
    ]
    assert [later - earlier for earlier, later in itertools.pairwise(request.times)][1] == pytest.approx(7.0)
    assert request.free_pace.reached == 1
