"""Pool of workers that deletes the guests of closed conversations, as far as the job made them.

A guest that may be older than the job, or that is in another conversation, is kept. Twilio deletes a user from all
conversations at once, and nothing brings it back, so an intent is recorded before each request.
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from provisioner.ledger import GuestLedger
from provisioner.models.closing import CloseResult, CloseStatus, Guest
from provisioner.pacing.attempts import AttemptRunner
from provisioner.ports.sending import Gate, RateLimiter, ServiceCheck
from provisioner.rows import identity_for, is_generated_identity
from provisioner.twilio.conversations import LookupResult

from .close_workers import CloseObserver, ClosePool, CloseRequest
from .interaction_step import not_looked_up

ELSEWHERE = "in_use"
"""Error code of a guest that is in another conversation."""
OLDER = "other_identity"
"""Error code of a guest whose identity this job did not make, so that it may have existed before."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,255}")
"""Identities that can stand in a URL as they are. Twilio's own and those of this program can."""

DeleteCall = Callable[[str, Gate], Awaitable[CloseResult]]
"""Function (identity, gate) that makes one attempt to delete the user."""


class GuestFinder(Protocol):
    """Look-up of the conversations of a guest."""

    async def find_by_identity(self, identity: str) -> LookupResult:
        """Return all conversations of the guest; raise ``GateClosed`` when the run stops."""
        ...


class GuestStep:
    """``ClosingStep`` that keeps a guest which this job did not make, or which is in another conversation.

    ``job_id`` is the ID of the job, from which it makes identities.
    """

    def __init__(self, finder: GuestFinder, *, store: GuestLedger, observer: CloseObserver, job_id: str) -> None:
        self._finder, self._store, self._observer, self._job_id = finder, store, observer, job_id

    async def prepare(self, subject: Guest, _runner: AttemptRunner) -> CloseResult | None:
        """Return None for a guest that may be deleted, otherwise the recorded result."""
        result = _kept(OLDER, _OLDER_TEXT)
        if is_made_by_job(subject, self._job_id):
            found = await self._finder.find_by_identity(subject.identity)
            if found.trouble is None and all(each.sid == subject.sid for each in found.conversations):
                return None
            result = not_looked_up(found.trouble) if found.trouble else _kept(ELSEWHERE, _ELSEWHERE_TEXT)
        if result.status is CloseStatus.KEPT:
            await self._store.settle(subject.id, result, number=0)
        self._observer.attempt_finished(subject, result, is_last=True)
        return result


class _GuestRequest(CloseRequest[Guest]):
    """The request for a guest, with a durable intent before it."""

    def __init__(
        self,
        delete_call: DeleteCall,
        *,
        store: GuestLedger,
        pace: RateLimiter,
        observer: CloseObserver,
        service_check: ServiceCheck | None,
    ) -> None:
        super().__init__(
            lambda guest, gate: delete_call(guest.identity, gate),
            store=store,
            pace=pace,
            observer=observer,
            service_check=service_check,
        )
        self._guests = store

    async def begin(self, guest: Guest, /) -> None:
        """Record the intent."""
        await self._guests.begin(guest.id)

    async def release(self, guest: Guest, /) -> None:
        """Cancel the intent."""
        await self._guests.release(guest.id)


class GuestWorkers(ClosePool[Guest]):
    """Pool of ``concurrency`` workers that deletes the guests which ``step`` does not keep."""

    def __init__(
        self,
        *,
        store: GuestLedger,
        delete_call: DeleteCall,
        pace: RateLimiter,
        observer: CloseObserver,
        concurrency: int,
        service_check: ServiceCheck | None,
        step: GuestStep,
    ) -> None:
        request = _GuestRequest(
            delete_call, store=store, pace=pace, observer=observer, service_check=service_check
        )
        super().__init__(request, store, concurrency=concurrency, step=step)


def is_made_by_job(guest: Guest, job_id: str) -> bool:
    """Return whether the guest was certainly made for its row: Twilio chose its identity, or this job made it.

    An identity that the input gave may be that of a user from before. A row of a rebuilt ledger has an identity of
    a job whose ID is lost; its form is enough there.
    """
    if not _PLAIN.fullmatch(guest.identity):
        return False
    if not guest.asked_identity:
        return True
    return guest.identity == identity_for(job_id, guest.key) or (
        guest.is_rebuilt and is_generated_identity(guest.identity)
    )


_OLDER_TEXT = "this job did not make its identity, so that it may be older than the job"
_ELSEWHERE_TEXT = "it is in another conversation too"


def _kept(error_code: str, error: str) -> CloseResult:
    now = time.time()
    return CloseResult(CloseStatus.KEPT, due=now, ended=now, error_code=error_code, error=error)
