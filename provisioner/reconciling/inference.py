"""Inference from look-ups of an unknown row: whether it exists at Twilio. Pure: no clock, no network.

A conversation that was found exists. "Not found" proves absence only under three conditions: enough time had
passed since the attempt, the same look-up showed a conversation that is known to exist (the control), and a second
such look-up some time later gave the same answer. Twilio does not document how soon it lists a new conversation.
"""

from collections.abc import Sequence

import msgspec

from provisioner.models import ControlVisibility, LookupObservation

LOOKS_TO_PROVE = 2
"""Number of look-ups without a result that prove absence."""
SECOND_LOOK_FACTOR = 2.0
"""Time between these two look-ups, in settle delays."""
MOST_LOOKS = 7
"""Most look-ups of a row: one at once, and six more in case Twilio does not answer."""


class Found(msgspec.Struct, frozen=True):
    """The conversation exists. ``duplicates`` holds the SIDs of further conversations of the same row."""

    conversation_sid: str
    duplicates: tuple[str, ...] = ()


class Absent(msgspec.Struct, frozen=True):
    """The conversation does not exist, as far as look-ups can prove it; the row may be sent."""


class RetryLater(msgspec.Struct, frozen=True):
    """Nothing is proved yet; look again at ``at`` or later, in seconds on the clock of the look-ups."""

    at: float


class Inconclusive(msgspec.Struct, frozen=True):
    """Look-ups cannot decide it, for the given reason; the row stays *unknown*."""

    reason: str


Inference = Found | Absent | RetryLater | Inconclusive
"""Result of ``infer_presence``."""


def infer_presence(
    looks: Sequence[LookupObservation],
    *,
    since: float,
    settle_delay_s: float,
    is_confirmed: bool = False,
    is_shared: bool = False,
) -> Inference:
    """Return what all look-ups of one row so far prove; ``looks`` is in order of time.

    ``since`` is a time at which the attempt was certainly over, in seconds on the clock of the look-ups. The first
    look-up may follow at once, but only one at least ``settle_delay_s`` seconds after ``since`` counts towards
    absence. ``is_confirmed`` is whether Twilio answered 201: such a row is never *absent*. ``is_shared`` is
    whether other unknown rows asked for the same identity: a conversation that is found may then be theirs.
    """
    seen = dict.fromkeys(sid for look in looks for sid in look.conversation_sids)
    if seen and is_shared:
        return Inconclusive("other unknown rows asked for the same identity, so what is there may be theirs")
    if seen:
        first, *others = seen
        return Found(first, tuple(others))
    if not looks:
        return RetryLater(since)
    settled = [look for look in looks if look.at >= since + settle_delay_s]
    proofs = _proofs(settled, settle_delay_s)
    if len(proofs) >= LOOKS_TO_PROVE:
        return Inconclusive("Twilio answered 201 and does not show it") if is_confirmed else Absent()
    if looks[-1].is_final or len(looks) >= MOST_LOOKS or _is_hopeless(settled):
        return Inconclusive(_reason(looks[-1]))
    next_proof = proofs[-1] + SECOND_LOOK_FACTOR * settle_delay_s if proofs else since
    return RetryLater(max(next_proof, looks[-1].at + settle_delay_s))


def _proofs(settled: Sequence[LookupObservation], settle_delay_s: float) -> list[float]:
    """Return the times of the look-ups in which "not found" counts as evidence."""
    proofs: list[float] = []
    for look in settled:
        is_far_enough = not proofs or look.at >= proofs[-1] + SECOND_LOOK_FACTOR * settle_delay_s
        if look.control is ControlVisibility.SHOWN and not look.trouble and is_far_enough:
            proofs.append(look.at)
    return proofs


def _is_hopeless(settled: Sequence[LookupObservation]) -> bool:
    """Return whether further look-ups cannot prove more: there is no control, or it never shows."""
    clear = [look for look in settled if not look.trouble]
    if clear and all(look.control is ControlVisibility.NONE for look in clear):
        return True
    return len(clear) >= LOOKS_TO_PROVE and not any(look.control is ControlVisibility.SHOWN for look in clear)


def _reason(look: LookupObservation) -> str:
    if look.trouble:
        return look.trouble
    if look.control is ControlVisibility.NONE:
        return "not found, but no other row is created yet with which to verify the look-up"
    return (
        "not found, but the look-up does not find rows that were certainly created either: if the account's "
        "default Conversations service is not Flex's, name that with --service-sid"
    )
