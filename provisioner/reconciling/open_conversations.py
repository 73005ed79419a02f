"""Find out which of a job's open conversations have been closed meanwhile, by asking Twilio for each of them.

One request for each conversation costs the account least: a list by state has the website's conversations in it
as well, may lag behind, and cannot be limited to those of a job. Twilio does not count reads in its limits of the
Conversations API (https://www.twilio.com/docs/conversations/api).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from provisioner.errors import GuardError, ungrouped
from provisioner.ledger import OpenConversationStore
from provisioner.models.closing import ConversationState, OpenConversation, StateResult
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest
from provisioner.ports.sending import Gate, GateClosed, RateLimiter, ServiceCheck
from provisioner.system.clock import SYSTEM_CLOCK, Clock
from provisioner.twilio.conversation_states import ConversationStateClient

from .finders import AT_ONCE

ASK_AGAIN_S = 5.0
"""Fewest seconds from the beginning of one pass over all open conversations to the beginning of the next."""


class _AskState(IdempotentRequest[str, StateResult]):
    """Request for the state of the conversation with a given SID."""

    def __init__(self, client: ConversationStateClient, pace: RateLimiter) -> None:
        super().__init__(pace, max_attempts=1)
        self._client = client

    async def send(self, sid: str, gate: Gate, /) -> StateResult:
        """Make one attempt to learn the state."""
        return await self._client.ask(sid, gate)


class OpenConversations:
    """Open conversations of a job, in passes over all of them, the oldest rows first.

    A conversation that was created less than ``settle_delay_s`` seconds ago is not asked for, because Twilio may
    not show it yet. Without ``service_check``, every conversation that is answered with 404 is gone.
    """

    def __init__(
        self,
        store: OpenConversationStore,
        client: ConversationStateClient,
        pace: RateLimiter,
        *,
        settle_delay_s: float,
        service_check: ServiceCheck | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._store, self._request, self._runner = store, _AskState(client, pace), AttemptRunner()
        self._service_check, self._settle_delay_s, self._clock = service_check, settle_delay_s, clock
        self._after = 0
        self._next_pass = clock.monotonic()

    async def count(self) -> int:
        """Return how many are open, as far as the ledger knows."""
        return await self._store.count_open()

    @property
    def is_pass_over(self) -> bool:
        """Whether all were asked for, and the next pass has not begun."""
        return not self._after

    async def ask_next(self) -> int:
        """Ask for the next few, and return how many of them were found closed or gone.

        At the end of a pass, wait until the next one may begin, and ask for none. Raise ``GuardError`` when Twilio
        refuses the request for good, or shows no conversation of the job in the service that is asked.
        """
        if not self._after:
            await self._clock.sleep(self._next_pass - self._clock.monotonic())
            self._next_pass = self._clock.monotonic() + ASK_AGAIN_S
        before = self._clock.wall() - self._settle_delay_s
        found = await self._store.open_conversations(self._after, AT_ONCE, created_before=before)
        self._after = found[-1].id if found else 0
        results = await self._ask(found)
        return sum([await self._take(each, result) for each, result in zip(found, results, strict=True)])

    async def _ask(self, conversations: Sequence[OpenConversation]) -> Sequence[StateResult | None]:
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask_one(each.sid)) for each in conversations]
        return [task.result() for task in tasks]

    async def _ask_one(self, sid: str) -> StateResult | None:
        with suppress(GateClosed):
            return await self._runner.run(self._request, sid, self._request.conclude)
        return None

    async def _take(self, conversation: OpenConversation, result: StateResult | None) -> bool:
        """Record a conversation that is not open any more; return whether it is one."""
        if result is None or result.state is ConversationState.NOT_KNOWN:
            if result is not None and result.stops_run and result.foreign is None:
                raise GuardError(f"Twilio refused to show a conversation ({result.error_code}): {result.error}")
            return False
        if result.state is ConversationState.GONE:
            await self._require_service()
        elif self._service_check is not None:
            self._service_check.note_shown()
        if result.state is ConversationState.OPEN:
            return False
        await self._store.note_closed(conversation.id, result)
        return True

    async def _require_service(self) -> None:
        if self._service_check is not None and (refusal := await self._service_check.refusal()):
            raise GuardError(refusal, cure="then run the same command again")
