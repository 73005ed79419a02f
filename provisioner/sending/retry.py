"""What follows from an answer: the row's status, or another attempt. Pure."""

import random
from collections.abc import Callable

import msgspec

from provisioner.models import AttemptResult, Status, Verdict
from provisioner.pacing.backoff import backoff_s


class Finish(msgspec.Struct, frozen=True, gc=False):
    """The attempt was the row's last in this run."""

    status: Status


class Retry(msgspec.Struct, frozen=True, gc=False):
    """The row is sent again after ``delay_s`` seconds: the attempt did not create it, or that is accepted."""

    delay_s: float
    is_in_doubt: bool = False
    """An attempt may have created it all the same: until that is settled the row is *unknown*."""


_CREATED = Finish(Status.CREATED)


def decide_retry(
    result: AttemptResult,
    *,
    attempt: int,
    max_attempts: int,
    resends_unknown: bool = False,
    is_in_doubt: bool = False,
    jitter: Callable[[float, float], float] = random.uniform,
) -> Finish | Retry:
    """Decide what follows from the ``attempt``-th answer (counted from 1) of one row.

    Only what was certainly not processed is ever sent again, unless ``resends_unknown``. A throttled row waits at
    the pacer, which pauses everyone, so it needs no delay of its own. A fault of the run leaves the row unsent:
    it was refused for a reason that is not the row's. A row of which an earlier attempt ``is_in_doubt`` stays
    unknown until one is answered with success: that a later one was refused says nothing of the earlier.
    """
    if result.verdict is Verdict.CREATED:  # nearly every time
        return _CREATED
    can_repeat = result.verdict is Verdict.NOT_PROCESSED or (result.verdict is Verdict.MAYBE and resends_unknown)
    if not can_repeat or attempt >= max_attempts or result.stops_run:
        return Finish(_final_status(result, is_in_doubt=is_in_doubt))
    delay_s = 0.0 if result.is_throttled else backoff_s(attempt, jitter=jitter)
    return Retry(delay_s, is_in_doubt or result.verdict is Verdict.MAYBE)


def _final_status(result: AttemptResult, *, is_in_doubt: bool) -> Status:
    """Return where a row stands that was not created, as far as is known."""
    if result.verdict is Verdict.MAYBE or is_in_doubt:
        return Status.UNKNOWN
    is_refused = result.verdict is Verdict.REFUSED and not result.stops_run
    return Status.REJECTED if is_refused else Status.UNSENT
