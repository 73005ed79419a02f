"""First step of closing a conversation that was routed to agents: its interaction's channels are closed.

Twilio advises to close the channel and not the task. It completes the channel's tasks; the conversation is closed
afterwards by a request of its own, whether or not Twilio has closed it with the channel.
"""

import time
from typing import Protocol

from msgspec import Struct

from provisioner.models.closing import CloseResult, CloseStatus, InteractionChannel, OpenConversation
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest, NextAttempt
from provisioner.ports.sending import Gate, RateLimiter
from provisioner.twilio.paging import ListError

from .close_workers import ATTEMPTS, CloseObserver

_DONE = {CloseStatus.CLOSED, CloseStatus.GONE}
"""Statuses of a channel after which its conversation may be closed."""


class InteractionStore(Protocol):
    """Record of the attempts to close channels."""

    async def settle_interaction(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt to close a channel of a conversation; see ``CloseLedger``."""
        ...


class Interactions(Protocol):
    """Client that finds and closes the channels of a conversation's interactions."""

    async def find_channels(self, conversation_sid: str) -> tuple[InteractionChannel, ...] | ListError:
        """Return the channels; raise ``GateClosed`` when the run stops."""
        ...

    async def close_channel(self, channel: InteractionChannel, gate: Gate) -> CloseResult:
        """Make one attempt to close a channel."""
        ...


class _RoutedConversation(Struct, frozen=True):
    conversation: OpenConversation
    channel: InteractionChannel


class _ChannelRequest(IdempotentRequest[_RoutedConversation, CloseResult]):
    """Request that closes one channel; every attempt is recorded."""

    def __init__(
        self, client: Interactions, *, store: InteractionStore, pace: RateLimiter, observer: CloseObserver
    ) -> None:
        super().__init__(pace, max_attempts=ATTEMPTS)
        self._client, self._store, self._observer = client, store, observer

    async def send(self, routed: _RoutedConversation, gate: Gate, /) -> CloseResult:
        """Make one attempt to close the channel."""
        return await self._client.close_channel(routed.channel, gate)

    def request_throttled(self, pause_s: float, /) -> None:
        """Notify the observer."""
        self._observer.request_throttled(pause_s)

    async def conclude(
        self, subject: _RoutedConversation, result: CloseResult, attempt: int
    ) -> NextAttempt[_RoutedConversation] | CloseResult:
        """Record the result, then notify the observer; a closed channel is not the end of its conversation."""
        await self._store.settle_interaction(subject.conversation.id, result, number=attempt)
        conclusion = await super().conclude(subject, result, attempt)
        is_last = not isinstance(conclusion, NextAttempt) and result.status not in _DONE
        self._observer.attempt_finished(subject.conversation, result, is_last=is_last)
        return conclusion


class InteractionStep:
    """``ClosingStep`` that closes all channels of a conversation's interactions; ``pace`` limits the requests."""

    def __init__(
        self, client: Interactions, *, store: InteractionStore, pace: RateLimiter, observer: CloseObserver
    ) -> None:
        self._client, self._observer = client, observer
        self._request = _ChannelRequest(client, store=store, pace=pace, observer=observer)
        self.closed = 0
        """Number of channels that were closed so far."""

    async def prepare(self, subject: OpenConversation, runner: AttemptRunner) -> CloseResult | None:
        """Close the channels; return None when all of them are closed, or the run was stopped."""
        channels = await self._client.find_channels(subject.sid)
        if isinstance(channels, ListError):
            failed = not_looked_up(channels)
            self._observer.attempt_finished(subject, failed, is_last=True)
            return failed
        for channel in channels:
            routed = _RoutedConversation(subject, channel)
            result = await runner.run(self._request, routed, self._request.conclude)
            if result is not None and result.status not in _DONE:
                return result
            self.closed += result is not None and result.status is CloseStatus.CLOSED
        return None


def not_looked_up(error: ListError) -> CloseResult:
    """Return the result for a conversation whose look-up failed, so that nothing was changed."""
    now = time.time()
    return CloseResult(
        CloseStatus.NOT_PROCESSED,
        due=now,
        ended=now,
        http_status=error.http_status,
        error_code=error.error_code,
        error=error.refusal or error.error,
        stops_run=bool(error.refusal),
    )
