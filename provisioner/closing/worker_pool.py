"""Closes or deletes conversations: bounded in flight, paced, repeated, drained. Knows ports only.

An attempt may be repeated without harm, so there is no intent before it: what a crash left is asked for again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from provisioner.errors import GuardError, ProvisionerError, ungrouped
from provisioner.ledger import CloseStore
from provisioner.models.closing import CloseResult, OpenConversation
from provisioner.pacing.backoff import backoff_s
from provisioner.ports.sending import Gate, GateClosed, RateLimiter

BATCH = 200
"""Conversations asked of the ledger at a time."""
ATTEMPTS = 5
"""How often one is tried in a run."""


class CloseObserver(Protocol):
    """Is told what happens; decides nothing."""

    def request_started(self) -> None:
        """Hear that a request is about to leave."""
        ...

    def request_finished(self) -> None:
        """Hear that it is under way no more."""
        ...

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Hear what an attempt came to, which is durable by now; ``is_last`` of this conversation in this run."""
        ...

    def request_throttled(self, pause_s: float) -> None:
        """Hear that a 429 paused everyone."""
        ...


CloseCall = Callable[[str, Gate], Awaitable[CloseResult]]
"""Makes one attempt to close or delete the conversation of this SID."""


class CloseWorkers:
    """Ends every conversation that the ledger has left; ``run`` returns when each had its attempts."""

    def __init__(
        self,
        *,
        store: CloseStore,
        close_call: CloseCall,
        pace: RateLimiter,
        observer: CloseObserver,
        concurrency: int,
    ) -> None:
        self._store, self._close_call, self._pace, self._observer = store, close_call, pace, observer
        self._concurrency = concurrency
        self._waiting: deque[OpenConversation] = deque()
        self._after = 0
        self._supply = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._error: ProvisionerError | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> ProvisionerError | None:
        """Go through all that is left; return what stopped it early."""
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    task = group.create_task(self._work())
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        return self._error

    def drain(self, error: ProvisionerError | None = None) -> None:
        """Start nothing new and let finish what flies."""
        self._error = self._error or error
        self._stopping.set()
        self._pace.close()

    def cancel(self) -> None:
        """Wait no longer for what flies; it is asked for again another time."""
        self.drain()
        for task in self._tasks:
            task.cancel()

    async def _work(self) -> None:
        while not self._stopping.is_set() and (conversation := await self._next()):
            with suppress(GateClosed):
                await self._close_with_retries(conversation)

    async def _next(self) -> OpenConversation | None:
        async with self._supply:
            if not self._waiting:
                self._waiting.extend(await self._store.left(self._after, BATCH))
                self._after = self._waiting[-1].id if self._waiting else self._after
            return self._waiting.popleft() if self._waiting else None

    async def _close_with_retries(self, conversation: OpenConversation) -> None:
        """Try until it is settled, was tried often enough, or the run stops."""
        for number in range(1, ATTEMPTS + 1):
            result = await self._attempt(conversation.sid)
            await self._store.settle(conversation.id, result, number=number)
            is_last = result.is_final or number == ATTEMPTS
            self._observer.attempt_finished(conversation, result, is_last=is_last)
            self._yield_to_limits(result)
            if result.stops_run:
                self.drain(GuardError(result.error, cure="then run the same command again"))
            if is_last:
                return
            if not result.is_throttled:
                await self._pause(backoff_s(number))

    async def _attempt(self, sid: str) -> CloseResult:
        async with self._pace.reserve() as gate:
            tracked_gate = _TrackedCloseGate(gate, self._observer)
            try:
                return await self._close_call(sid, tracked_gate)
            finally:
                tracked_gate.finish()

    def _yield_to_limits(self, result: CloseResult) -> None:
        if result.is_throttled:
            self._observer.request_throttled(self._pace.on_throttled(result.retry_after_s))
        elif result.http_status is not None:
            self._pace.on_success()

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()


class _TrackedCloseGate:
    """The gate of one attempt, which counts what leaves."""

    def __init__(self, gate: Gate, observer: CloseObserver) -> None:
        self._gate, self._observer = gate, observer
        self._has_left = False

    async def wait(self) -> float:
        due = await self._gate.wait()
        self._has_left = True
        self._observer.request_started()
        return due

    def finish(self) -> None:
        if self._has_left:
            self._observer.request_finished()
