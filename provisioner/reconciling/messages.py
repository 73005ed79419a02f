"""Reconciling of first messages whose answer was lost: search their conversations for the message."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, assert_never

import msgspec

from provisioner.errors import GuardError, ungrouped
from provisioner.ledger import UnknownMessageStore
from provisioner.models import (
    AttemptResult,
    ControlVisibility,
    LookupObservation,
    Message,
    MessageLookup,
    MessageStatus,
    UnknownMessage,
    Verdict,
    first_message_of,
)
from provisioner.ports.sending import MessageFinder, RowLoader, ServiceCheck
from provisioner.system.clock import SYSTEM_CLOCK, Clock

from .finders import AT_ONCE
from .inference import Absent, Found, Inconclusive, Inference, RetryLater, infer_presence
from .polling import poll_until_decided

BATCH = 500
"""Messages that are reconciled together; their texts are kept in memory for that time."""
CHANGED = "the row has changed since its message was sent, so the message cannot be told from others"
"""Reason why a message stays *unknown* whose text has changed in the input."""
SHARED = "other rows share its conversation, so the message cannot be told from theirs"
"""Reason why a message stays *unknown* whose conversation belongs to several rows."""
_OTHERS = "its author has said something else in the conversation"


class MessageReconcileObserver(Protocol):
    """Observer that is called with the outcome of each unknown message."""

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Take the final status of a row's message; ``pending`` means that it was certainly not posted."""
        ...


class _Sought(msgspec.Struct, frozen=True):
    doubt: UnknownMessage
    message: Message


class MessageReconciler:
    """Reconciler of unknown first messages. It only reads, and never posts a message.

    It may be cancelled at any time; outcomes recorded until then are kept. A conversation lists all of its
    messages, so no control is needed: a message that is missing in two look-ups does not exist. ``row_loader``
    reads the texts of the messages from the input, since the ledger does not hold them. Without ``service_check``,
    every conversation that is answered with 404 is gone.
    """

    def __init__(
        self,
        ledger: UnknownMessageStore,
        messenger: MessageFinder,
        row_loader: RowLoader,
        observer: MessageReconcileObserver,
        *,
        settle_delay_s: float,
        service_check: ServiceCheck | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._service_check = service_check
        self._ledger, self._messenger, self._row_loader, self._observer = ledger, messenger, row_loader, observer
        self._settle_delay_s = settle_delay_s
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self.ends: Counter[MessageStatus] = Counter()
        """Number of decided messages by status; ``pending`` means that the message certainly does not exist."""

    async def run(self) -> None:
        """Look for every unknown message until it is decided or look-ups cannot decide it.

        Raise ``InputError`` when the input has changed since it was planned, and ``GuardError`` when the service
        that is asked has no conversation of the job.
        """
        since, after = self._clock.monotonic(), 0
        while doubtful := await self._ledger.unknown(after, BATCH):
            for doubt in doubtful:
                if reason := _hopeless(doubt):
                    await self._give_up(doubt, reason)
            await self._settle([doubt for doubt in doubtful if not _hopeless(doubt)], since)
            after = doubtful[-1].claim.row

    async def _settle(self, doubtful: Sequence[UnknownMessage], since: float) -> None:
        rows = await self._row_loader.rows([doubt.claim for doubt in doubtful]) if doubtful else ()
        sought = {row.id: _Sought(doubt, first_message_of(row)) for doubt, row in zip(doubtful, rows, strict=True)}
        gone: set[int] = set()

        async def look(row_ids: Sequence[int]) -> Mapping[int, LookupObservation]:
            at = self._clock.monotonic()
            with ungrouped():
                async with asyncio.TaskGroup() as group:
                    tasks = {each: group.create_task(self._find(sought[each].message)) for each in row_ids}
            came = {row_id: task.result() for row_id, task in tasks.items()}
            gone.update(row_id for row_id, each in came.items() if each.is_gone)
            return {row_id: _look(at, each) for row_id, each in came.items()}

        async def conclude(row_id: int, looks: Sequence[LookupObservation]) -> Inference:
            doubt = sought[row_id].doubt
            end = infer_presence(
                looks, since=since, settle_delay_s=self._settle_delay_s, is_confirmed=doubt.is_confirmed
            )
            await self._record(doubt, looks[-1], end, is_gone=row_id in gone)
            return end

        await poll_until_decided(sought, since=since, look=look, conclude=conclude, clock=self._clock)

    async def _find(self, message: Message) -> MessageLookup:
        async with self._places:
            found = await self._messenger.find(message)
        check = self._service_check if found.is_gone else None
        if check is not None and (refusal := await check.refusal()):
            raise GuardError(refusal, cure="then run the same command again")
        return found

    async def _give_up(self, doubt: UnknownMessage, reason: str) -> None:
        now = self._clock.monotonic()
        await self._record(doubt, LookupObservation(at=now, trouble=reason), Inconclusive(reason))

    async def _record(
        self, doubt: UnknownMessage, look: LookupObservation, end: Inference, *, is_gone: bool = False
    ) -> None:
        status = MessageStatus.REJECTED if is_gone else _STATUSES[type(end)]
        evidence = self._evidence(doubt, look, end, is_gone=is_gone)
        await self._ledger.resolve(doubt.claim.id, status, evidence)
        if not isinstance(end, RetryLater):
            self.ends[status] += 1
            self._observer.message_settled(doubt.claim.row, doubt.claim.key, status, evidence)

    def _evidence(
        self, doubt: UnknownMessage, look: LookupObservation, end: Inference, *, is_gone: bool
    ) -> AttemptResult:
        """Return one look-up and what it proved, in the form that the ledger stores."""
        at = self._clock.wall() - (self._clock.monotonic() - look.at)
        status = 201 if doubt.is_confirmed else None

        def saying(verdict: Verdict, code: str, text: str, message_sid: str = "") -> AttemptResult:
            return AttemptResult(
                verdict,
                due=at,
                ended=at,
                http_status=status,
                error_code=code,
                error=text,
                message_sid=message_sid,
            )

        if is_gone:
            return saying(Verdict.REFUSED, "conversation_gone", "the conversation is gone")
        match end:
            case Found(sid, others):
                text = f"it is there more than once: {', '.join((sid, *others))}" if others else ""
                return saying(Verdict.CREATED, "duplicate" if others else "", text, sid)
            case Absent():
                text = "looked for twice and not there: it is safe to post"
                return saying(Verdict.NOT_PROCESSED, "absent", text)
            case Inconclusive(reason):
                return saying(Verdict.MAYBE, "cannot_tell", reason)
            case RetryLater():
                code, text = ("look_failed", look.trouble) if look.trouble else ("not_seen", "not seen yet")
                return saying(Verdict.MAYBE, code, text)
            case _:
                assert_never(end)


_STATUSES: Mapping[type[Inference], MessageStatus] = {
    Found: MessageStatus.POSTED,
    Absent: MessageStatus.PENDING,
    RetryLater: MessageStatus.UNKNOWN,
    Inconclusive: MessageStatus.UNKNOWN,
}


def _hopeless(doubt: UnknownMessage) -> str:
    """Return why looking for a message cannot tell anything, empty if it can."""
    if not doubt.is_comparable:
        return CHANGED
    return SHARED if doubt.is_shared else ""


def _look(at: float, came: MessageLookup) -> LookupObservation:
    """Return the result of a search as an observation; its ``conversation_sids`` are SIDs of messages."""
    if not came.message_sids and not came.trouble and came.has_others:
        return LookupObservation(at=at, control=ControlVisibility.SHOWN, trouble=_OTHERS, is_final=True)
    return LookupObservation(
        at=at,
        conversation_sids=came.message_sids,
        control=ControlVisibility.SHOWN,
        trouble=f"Twilio could not be asked: {came.trouble}" if came.trouble else "",
        is_final=came.is_final,
    )
