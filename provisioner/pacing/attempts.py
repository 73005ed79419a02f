"""The one retry loop: a request is attempted at its turn until an attempt of it is the last.

Who makes requests says what one attempt is (``RetryableRequest``), and decides after each what follows. Here is
what all of them have in common: the turn at the pacer, giving way to 429s, the wait before another attempt, and
stopping.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, NamedTuple, Protocol, TypeVar

from provisioner.ports.sending import Gate, GateClosed, RateLimiter

from .backoff import backoff_s

_S = TypeVar("_S")
_S_contra = TypeVar("_S_contra", contravariant=True)
_O = TypeVar("_O")


class Answer(Protocol):
    """What the loop reads of the result of an attempt."""

    @property
    def http_status(self) -> int | None:
        """The status of the reply, None where there was none."""
        ...

    @property
    def is_throttled(self) -> bool:
        """Whether it was a 429."""
        ...

    @property
    def retry_after_s(self) -> float | None:
        """For how many seconds the reply asks to wait; None where it does not."""
        ...


class RepeatableAnswer(Answer, Protocol):
    """The result of an attempt that may be repeated without harm."""

    @property
    def is_final(self) -> bool:
        """Whether another attempt would change nothing."""
        ...


_R = TypeVar("_R", bound=Answer)
_A = TypeVar("_A", bound=RepeatableAnswer)


class RetryableRequest(Protocol[_S_contra, _R]):
    """A kind of request, made for one subject at a time: a row, a conversation, a page of a list."""

    pace: RateLimiter

    def begin(self, subject: _S_contra, /) -> Awaitable[None]:
        """Record durably that an attempt may leave from now on."""
        ...

    def send(self, subject: _S_contra, gate: Gate, /) -> Awaitable[_R]:
        """Make one attempt; wait at the gate before it leaves. Raise only ``GateClosed`` and cancellation."""
        ...

    def release(self, subject: _S_contra, /) -> Awaitable[None]:
        """Take the intent back: nothing was sent."""
        ...

    def request_started(self) -> None:
        """Hear that a request is about to leave."""
        ...

    def request_finished(self) -> None:
        """Hear that a request that was about to leave is under way no more, whatever became of it."""
        ...

    def answered(self, subject: _S_contra, result: _R, attempt: int, /) -> None:
        """Hear what the ``attempt``-th attempt came to, before anything follows from it."""
        ...

    def request_throttled(self, pause_s: float, /) -> None:
        """Hear that a 429 pauses everyone at this pace for so many seconds."""
        ...


class NextAttempt(NamedTuple, Generic[_S]):
    """Another attempt follows, for ``subject``, after ``delay_s`` seconds."""

    subject: _S
    delay_s: float


Conclude = Callable[[_S, _R, int], Awaitable[NextAttempt[_S] | _O]]
"""Records what the n-th attempt (counted from 1) came to, and returns what it all came to, or the next attempt."""


class TrackedGate:
    """The gate of one attempt: passes the turn on, and knows whether the request has left."""

    __slots__ = ("_gate", "_request_started", "has_left")

    def __init__(self, gate: Gate, request_started: Callable[[], None]) -> None:
        self._gate, self._request_started = gate, request_started
        self.has_left = False

    async def wait(self) -> float:
        """Return the due time (Unix seconds) when the request may leave; raise what the gate raises."""
        due = await self._gate.wait()
        self.has_left = True
        self._request_started()
        return due


class AttemptRunner:
    """Makes attempts until one is the last, or until ``stopping`` is set.

    A wait between two attempts ends when ``stopping`` is set; ``sleep`` takes its place where nothing stops it.
    """

    def __init__(
        self, stopping: asyncio.Event | None = None, *, sleep: Callable[[float], Awaitable[None]] | None = None
    ) -> None:
        self._stopping = stopping or asyncio.Event()
        self._sleep = sleep or self._sleep_unless_stopped

    async def run(
        self, request: RetryableRequest[_S, _R], subject: _S, conclude: Conclude[_S, _R, _O]
    ) -> _O | None:
        """Return what the last attempt was concluded to be; None when it was stopped before there was one."""
        attempt = 0
        while not self._stopping.is_set():
            attempt += 1
            result = await self._attempt(request, subject, again=attempt > 1)
            if result is None:
                return None
            request.answered(subject, result, attempt)
            if result.is_throttled:
                request.request_throttled(request.pace.on_throttled(result.retry_after_s))
            elif result.http_status is not None:
                request.pace.on_success()
            conclusion = await conclude(subject, result, attempt)
            if not isinstance(conclusion, NextAttempt):
                return conclusion
            subject = conclusion.subject
            if conclusion.delay_s:
                await self._sleep(conclusion.delay_s)
        return None

    async def _attempt(self, request: RetryableRequest[_S, _R], subject: _S, *, again: bool) -> _R | None:
        """Make one attempt; None when the gate closed before the request left.

        The intent of a cancelled attempt whose request has left stays as it is, like after a crash.
        """
        tracked_gate: TrackedGate | None = None
        try:
            async with request.pace.reserve(again=again) as gate:
                await request.begin(subject)
                tracked_gate = TrackedGate(gate, request.request_started)
                return await request.send(subject, tracked_gate)
        except GateClosed:
            await request.release(subject)
            return None
        except asyncio.CancelledError:
            if tracked_gate is None or not tracked_gate.has_left:
                await request.release(subject)
            raise
        finally:
            if tracked_gate is not None and tracked_gate.has_left:
                request.request_finished()

    async def _sleep_unless_stopped(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()


class IdempotentRequest(Generic[_S, _A]):
    """A request that may be repeated without harm: no intent before it, and at most ``max_attempts`` attempts.

    A subclass has ``send``; who wants to be told of requests overrides the other methods as well.
    """

    def __init__(self, pace: RateLimiter, *, max_attempts: int) -> None:
        self.pace, self._max_attempts = pace, max_attempts

    async def begin(self, _subject: _S, /) -> None:
        """Record nothing: what a crash leaves is asked for again."""

    async def release(self, _subject: _S, /) -> None:
        """Take nothing back."""

    def request_started(self) -> None:
        """Tell nobody."""

    def request_finished(self) -> None:
        """Tell nobody."""

    def answered(self, _subject: _S, _result: _A, _attempt: int, /) -> None:
        """Tell nobody."""

    def request_throttled(self, _pause_s: float, /) -> None:
        """Tell nobody."""

    async def conclude(self, subject: _S, result: _A, attempt: int) -> NextAttempt[_S] | _A:
        """Return the result where it is final or the last one, and another attempt at the same otherwise.

        After a 429 the pacer makes everyone wait, so that attempt needs no delay of its own.
        """
        if result.is_final or attempt >= self._max_attempts:
            return result
        return NextAttempt(subject, 0.0 if result.is_throttled else backoff_s(attempt))
