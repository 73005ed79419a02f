"""Reconciling of unknown rows: look them up until each is decided, and record the evidence in the ledger."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, assert_never

from msgspec import structs

from provisioner.errors import GuardError
from provisioner.ledger import UnknownRowStore
from provisioner.models import (
    AttemptResult,
    ControlVisibility,
    LookupObservation,
    Status,
    UnknownRow,
    Verdict,
)
from provisioner.models.attempts import DUPLICATE_SID, SHARED
from provisioner.ports.sending import ServiceCheck
from provisioner.system.clock import SYSTEM_CLOCK, Clock

from .finder_choice import FinderChoice
from .inference import Absent, Found, Inconclusive, Inference, RetryLater, infer_presence
from .polling import poll_until_decided

BATCH = 500
"""Rows that are reconciled together. They share their waiting times, so a larger number only costs memory."""


class ReconcileObserver(Protocol):
    """Observer that is called with the outcome of each unknown row."""

    def resolved(self, row: UnknownRow, status: Status, evidence: AttemptResult) -> None:
        """Take the final status of a row, with the evidence of its last look-up."""
        ...


class Reconciler:
    """Reconciler of unknown rows. It only reads, and never sends a row.

    It may be cancelled at any time; outcomes recorded until then are kept. ``settle_delay_s`` is the time, in
    seconds, after which a new conversation is expected to be listed. With ``may_share``, a row for which Twilio
    named the conversation of another row with the same identity is created. Without ``service_check``, look-ups
    that do not show a created row leave the rows unknown, also in a service that has no conversation of the job.
    """

    def __init__(
        self,
        ledger: UnknownRowStore,
        chosen: FinderChoice,
        observer: ReconcileObserver,
        *,
        settle_delay_s: float,
        may_share: bool = False,
        service_check: ServiceCheck | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._may_share, self._service_check = may_share, service_check
        self._ledger, self._chosen, self._observer = ledger, chosen, observer
        self._settle_delay_s = settle_delay_s
        self._clock = clock
        self.ends: Counter[Status] = Counter()
        """Number of decided rows by status; ``pending`` means that the row certainly does not exist."""

    async def run(self) -> None:
        """Look up every unknown row until it is decided or look-ups cannot decide it.

        Raise ``GuardError`` when the service that is asked has no conversation of the job.
        """
        # All attempts are over by now, so waiting is measured from here, on the monotonic clock.
        since, after = self._clock.monotonic(), 0
        while rows := await self._ledger.unknown(after, BATCH):
            await self._settle(rows, since)
            after = rows[-1].row

    async def _settle(self, rows: Sequence[UnknownRow], since: float) -> None:
        sharing = [row for row in rows if self._may_share and row.is_same_guest]
        for row in sharing:
            await self._conclude(row, Status.CREATED, _shared(row, self._clock.wall()))
        by_id = {row.id: row for row in rows if row not in sharing}
        if self._chosen.names is not None:
            await self._chosen.names.load(by_id.values())

        async def conclude(row_id: int, looks: Sequence[LookupObservation]) -> Inference:
            row = by_id[row_id]
            end = self._infer_presence(row, looks, since)
            if self._chosen.names is not None and isinstance(end, Absent | Inconclusive):
                end = await self._untaken(await self._chosen.names.check(row, end))
            await self._record(row, looks[-1], end)
            return end

        await poll_until_decided(
            by_id,
            since=since,
            look=lambda row_ids: self._look([by_id[row_id] for row_id in row_ids]),
            conclude=conclude,
            clock=self._clock,
        )

    async def _untaken(self, end: Inference) -> Inference:
        """Return ``end``, or that it proves nothing because the conversation belongs to another row."""
        if isinstance(end, Found) and await self._ledger.assigned_conversations([end.conversation_sid]):
            return Inconclusive(
                f"its unique name belongs to {end.conversation_sid}, the conversation of another row"
            )
        return end

    def _infer_presence(self, row: UnknownRow, looks: Sequence[LookupObservation], since: float) -> Inference:
        finder = self._chosen.finder
        return infer_presence(
            looks,
            since=since,
            settle_delay_s=self._settle_delay_s,
            is_confirmed=row.is_confirmed,
            is_shared=row.is_shared and finder is not None and finder.by_identity,
        )

    async def _look(self, rows: Sequence[UnknownRow]) -> Mapping[int, LookupObservation]:
        finder = self._chosen.finder
        if finder is None:
            now = self._clock.monotonic()
            return {row.id: LookupObservation(at=now, trouble=self._chosen.reason, is_final=True) for row in rows}
        control = await self._ledger.latest_created(by_identity=finder.by_identity)
        looks = await finder.look(rows, control)
        await self._require_service(looks.values())
        taken = await self._ledger.assigned_conversations(
            [sid for look in looks.values() for sid in look.conversation_sids]
        )
        return {row_id: _without(look, taken) for row_id, look in looks.items()}

    async def _require_service(self, looks: Collection[LookupObservation]) -> None:
        """Raise ``GuardError`` when the service that is asked has no conversation of the job.

        A service is suspected that lists neither a row that was certainly created nor any of ``looks``.
        """
        if self._service_check is None or any(look.trouble or look.conversation_sids for look in looks):
            return
        is_hidden = all(look.control is ControlVisibility.HIDDEN for look in looks)
        if is_hidden and (refusal := await self._service_check.refusal()):
            raise GuardError(refusal, cure="then run the same command again")

    async def _record(self, row: UnknownRow, look: LookupObservation, end: Inference) -> None:
        status = _STATUSES[type(end)]
        evidence = self._evidence(row, look, end)
        if row.duplicate_sid and status is Status.UNKNOWN:  # the answer stays what is known of it
            named = {"error_code": DUPLICATE_SID, "error": row.duplicate_error}
            evidence = structs.replace(evidence, conversation_sid=row.duplicate_sid, **named)
        if isinstance(end, RetryLater):
            await self._ledger.resolve(row.id, status, evidence)
        else:
            await self._conclude(row, status, evidence)

    async def _conclude(self, row: UnknownRow, status: Status, evidence: AttemptResult) -> None:
        await self._ledger.resolve(row.id, status, evidence)
        self.ends[status] += 1
        self._observer.resolved(row, status, evidence)

    def _evidence(self, row: UnknownRow, look: LookupObservation, end: Inference) -> AttemptResult:
        """Return one look-up and what it proved, as the ledger stores it; ``due`` is when the attempt began."""
        at = self._clock.wall() - (self._clock.monotonic() - look.at)
        status = 201 if row.is_confirmed else None
        seen = AttemptResult(Verdict.MAYBE, due=row.since, ended=at, identity=row.identity, http_status=status)
        match end:
            case Found(sid, duplicates):
                others = f"there are further conversations of this row: {', '.join(duplicates)}"
                return structs.replace(
                    seen,
                    verdict=Verdict.CREATED,
                    conversation_sid=sid,
                    error_code="duplicate" if duplicates else "",
                    error=others if duplicates else "",
                )
            case Absent():
                text = "looked up twice and not found, while a created row was found: it is safe to send"
                return structs.replace(seen, verdict=Verdict.NOT_PROCESSED, error_code="absent", error=text)
            case Inconclusive(reason):
                return structs.replace(seen, error_code="cannot_tell", error=reason)
            case RetryLater():
                code, text = ("look_failed", look.trouble) if look.trouble else ("not_seen", "not seen yet")
                return structs.replace(seen, error_code=code, error=text)
            case _:
                assert_never(end)


_STATUSES: Mapping[type[Inference], Status] = {
    Found: Status.CREATED,
    Absent: Status.PENDING,
    RetryLater: Status.UNKNOWN,
    Inconclusive: Status.UNKNOWN,
}


def _shared(row: UnknownRow, now: float) -> AttemptResult:
    """Return the evidence for a row that shares the conversation of another row on purpose."""
    return AttemptResult(
        Verdict.CREATED,
        due=row.since,
        ended=now,
        identity=row.identity,
        http_status=201,
        conversation_sid=row.duplicate_sid,
        error_code=SHARED,
        error=row.duplicate_error.partition(";")[0],
    )


def _without(look: LookupObservation, taken: set[str]) -> LookupObservation:
    if not taken.intersection(look.conversation_sids):
        return look
    left = tuple(sid for sid in look.conversation_sids if sid not in taken)
    return structs.replace(look, conversation_sids=left)
