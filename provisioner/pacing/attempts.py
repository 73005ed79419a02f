"""Retry loop for every kind of request.

A ``RetryableRequest`` makes one attempt, and a ``Conclude`` function decides whether another one follows. The loop
does what all requests have in common: it waits for the pacer, reports 429s to it, waits between attempts, and ends
when the run stops.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, NamedTuple, Protocol, TypeVar

from provisioner.models import ConnectFailure, ForeignReply
from provisioner.ports.sending import Gate, GateClosed, RateLimiter

from .backoff import backoff_s

_S = TypeVar("_S")
_S_contra = TypeVar("_S_contra", contravariant=True)
_O = TypeVar("_O")


class Answer(Protocol):
    """Result of one attempt, as far as the retry loop reads it."""

    @property
    def http_status(self) -> int | None:
        """HTTP status of the reply, None when no reply came."""
        ...

    @property
    def is_throttled(self) -> bool:
        """Whether the reply was a 429."""
        ...

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of the reply's ``Retry-After`` header, None without the header."""
        ...

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds from sent to ended; None where nothing was sent, or nobody knows."""
        ...

    @property
    def connect_failure(self) -> ConnectFailure | None:
        """Why there was no connection; None where there was one."""
        ...

    @property
    def foreign(self) -> ForeignReply | None:
        """What was answered, when the reply cannot be Twilio's; otherwise None."""
        ...


class RepeatableAnswer(Answer, Protocol):
    """Result of one attempt at an idempotent request."""

    @property
    def is_final(self) -> bool:
        """Whether another attempt would have the same result."""
        ...


_R = TypeVar("_R", bound=Answer)
_A = TypeVar("_A", bound=RepeatableAnswer)


class RetryableRequest(Protocol[_S_contra, _R]):
    """Kind of request, for one subject at a time: a row, a conversation, or a page of a list.

    ``pace`` is the rate limiter of the endpoint. The methods ``request_…`` and ``answered`` are notifications.
    """

    pace: RateLimiter

    def begin(self, subject: _S_contra, /) -> Awaitable[None]:
        """Record the intent durably: from now on, an attempt may be in flight."""
        ...

    def send(self, subject: _S_contra, gate: Gate, /) -> Awaitable[_R]:
        """Make one attempt and return its result; wait at the gate immediately before sending.

        Raise only ``GateClosed`` and ``asyncio.CancelledError``.
        """
        ...

    def release(self, subject: _S_contra, /) -> Awaitable[None]:
        """Cancel the intent, because no request was sent."""
        ...

    def request_started(self) -> None:
        """Note that a request is about to be sent."""
        ...

    def request_finished(self) -> None:
        """Note that a request is no longer in flight, with or without a reply."""
        ...

    def answered(self, subject: _S_contra, result: _R, attempt: int, /) -> None:
        """Note the result of the ``attempt``-th attempt (counted from 1), before it is concluded."""
        ...

    def request_throttled(self, pause_s: float, /) -> None:
        """Note that a 429 pauses all requests of this pacer for ``pause_s`` seconds."""
        ...


class NextAttempt(NamedTuple, Generic[_S]):
    """Conclusion that another attempt follows, for ``subject``, after ``delay_s`` seconds."""

    subject: _S
    delay_s: float


Conclude = Callable[[_S, _R, int], Awaitable[NextAttempt[_S] | _O]]
"""Function (subject, result, attempt number from 1) that records the result; it returns the outcome, or a
``NextAttempt``."""


class TrackedGate:
    """Gate of one attempt that remembers in ``has_left`` whether the request was allowed to be sent."""

    __slots__ = ("_gate", "_request_started", "has_left")

    def __init__(self, gate: Gate, request_started: Callable[[], None]) -> None:
        self._gate, self._request_started = gate, request_started
        self.has_left = False

    async def wait(self) -> float:
        """Wait until the request may be sent; return its due time in Unix seconds. Raise what the gate raises."""
        due = await self._gate.wait()
        self.has_left = True
        self._request_started()
        return due


class AttemptRunner:
    """Retry loop, which ends early when ``stopping`` is set.

    By default the delay between two attempts ends when ``stopping`` is set. ``sleep`` (an async function of
    seconds) replaces that delay.
    """

    def __init__(
        self, stopping: asyncio.Event | None = None, *, sleep: Callable[[float], Awaitable[None]] | None = None
    ) -> None:
        self._stopping = stopping or asyncio.Event()
        self._sleep = sleep or self._sleep_unless_stopped

    async def run(
        self, request: RetryableRequest[_S, _R], subject: _S, conclude: Conclude[_S, _R, _O]
    ) -> _O | None:
        """Make attempts until ``conclude`` returns an outcome, and return that outcome.

        Return None when the loop was stopped first, or when the gate closed before a request was sent.
        """
        attempt = 1
        while not self._stopping.is_set():
            result, wait_s = await self._attempt(request, subject, again=attempt > 1)
            if result is None:
                return None
            if wait_s is not None:  # it reached nobody, so it is made again as if it had not been made
                await request.release(subject)
                await self._sleep(wait_s)
                continue
            request.answered(subject, result, attempt)
            if result.is_throttled:
                age_s = (result.latency_ms or 0.0) / 1000
                request.request_throttled(request.pace.on_throttled(result.retry_after_s, age_s=age_s))
            elif result.http_status is not None:
                request.pace.on_success()
            conclusion = await conclude(subject, result, attempt)
            if not isinstance(conclusion, NextAttempt):
                return conclusion
            subject, attempt = conclusion.subject, attempt + 1
            if conclusion.delay_s:
                await self._sleep(conclusion.delay_s)
        return None

    async def _attempt(
        self, request: RetryableRequest[_S, _R], subject: _S, *, again: bool
    ) -> tuple[_R | None, float | None]:
        """Make one attempt and return its result, None when the gate closed before the request was sent.

        Return also the seconds after which it is to be made again without counting, None if it counts. When an
        attempt is cancelled after its request was sent, the intent stays recorded, as after a crash.
        """
        tracked_gate: TrackedGate | None = None
        try:
            async with request.pace.reserve(again=again) as turn:
                await request.begin(subject)
                tracked_gate = TrackedGate(turn, request.request_started)
                result = await request.send(subject, tracked_gate)
                if result.connect_failure is not None:
                    return result, turn.on_unreachable(result.connect_failure)
                if result.foreign is not None:
                    turn.on_foreign(result.foreign)
                elif result.http_status is not None:
                    turn.on_reached()
                return result, None
        except GateClosed:
            await request.release(subject)
            return None, None
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
    """Request that may be repeated without harm: no intent is recorded. ``max_attempts`` limits the attempts.

    Subclasses implement ``send``, and override the notification methods that they need.
    """

    def __init__(self, pace: RateLimiter, *, max_attempts: int) -> None:
        self.pace, self._max_attempts = pace, max_attempts

    async def begin(self, _subject: _S, /) -> None:
        """Do nothing: after a crash the request is made again."""

    async def release(self, _subject: _S, /) -> None:
        """Do nothing: ``begin`` records no intent."""

    def request_started(self) -> None:
        """Do nothing; subclasses may override this notification."""

    def request_finished(self) -> None:
        """Do nothing; subclasses may override this notification."""

    def answered(self, _subject: _S, _result: _A, _attempt: int, /) -> None:
        """Do nothing; subclasses may override this notification."""

    def request_throttled(self, _pause_s: float, /) -> None:
        """Do nothing; subclasses may override this notification."""

    async def conclude(self, subject: _S, result: _A, attempt: int) -> NextAttempt[_S] | _A:
        """Return the result when it is final or of the last attempt, otherwise a ``NextAttempt``.

        After a 429 the delay is 0 seconds, because the pacer pauses all requests.
        """
        if result.is_final or attempt >= self._max_attempts:
            return result
        return NextAttempt(subject, 0.0 if result.is_throttled else backoff_s(attempt))
