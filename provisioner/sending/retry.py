"""Retry policy: decides from the result of an attempt between a final status and another attempt. Pure."""

import random
from collections.abc import Callable

import msgspec

from provisioner.models import AttemptResult, Status, Verdict
from provisioner.pacing.backoff import backoff_s


class Finish(msgspec.Struct, frozen=True, gc=False):
    """Decision that the attempt was the row's last one in this run; ``status`` is the row's status after it."""

    status: Status


class Retry(msgspec.Struct, frozen=True, gc=False):
    """Decision that the row is sent again after ``delay_s`` seconds."""

    delay_s: float
    is_in_doubt: bool = False
    """Whether an attempt so far may have created the row; the row is then *unknown* between the attempts."""


def decide_retry(
    result: AttemptResult,
    *,
    attempt: int,
    max_attempts: int,
    resends_unknown: bool = False,
    is_in_doubt: bool = False,
    jitter: Callable[[float, float], float] = random.uniform,
) -> Finish | Retry:
    """Decide what follows from the result of the ``attempt``-th attempt (counted from 1) of one row.

    - A row is sent again only when Twilio certainly did not process the attempt, or with ``resends_unknown``.
    - After a 429 the delay is 0 seconds, because the pacer pauses all requests.
    - A result that stops the run (refused credentials or address) leaves the row unsent, and so does the refusal
      of another server than Twilio.
    - When an earlier attempt ``is_in_doubt``, the row stays unknown until an attempt succeeds: a later refusal
      does not show what the earlier attempt did.
    """
    if result.verdict is Verdict.CREATED:
        return Finish(Status.CREATED)
    can_repeat = result.verdict is Verdict.NOT_PROCESSED or (result.verdict is Verdict.MAYBE and resends_unknown)
    if not can_repeat or attempt >= max_attempts or result.stops_run:
        return Finish(_final_status(result, is_in_doubt=is_in_doubt))
    delay_s = 0.0 if result.is_throttled else backoff_s(attempt, jitter=jitter)
    return Retry(delay_s, is_in_doubt or result.verdict is Verdict.MAYBE)


def _final_status(result: AttemptResult, *, is_in_doubt: bool) -> Status:
    """Return the final status of a row without a successful attempt."""
    if result.verdict is Verdict.MAYBE or is_in_doubt:
        return Status.UNKNOWN
    is_refused = result.verdict is Verdict.REFUSED and not result.stops_run and result.foreign is None
    return Status.REJECTED if is_refused else Status.UNSENT
