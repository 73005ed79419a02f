"""What looks at an unknown row prove. Pure: no clock, no network.

A conversation that was seen exists. That one was not seen proves something only under three conditions: enough
time had passed, the very same look showed a conversation that is known to exist (the control), and a second such
look some time later agreed. How soon Twilio lists a new conversation is not documented.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.models import ControlVisibility, LookupObservation

LOOKS_TO_PROVE = 2
SECOND_LOOK_FACTOR = 2.0
"""The second look follows so many settle delays after the first."""
MOST_LOOKS = 7
"""One at once, and six more that Twilio does not answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """The conversation exists. ``duplicates`` are further ones of the same row, which should not be."""

    conversation_sid: str
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """It does not exist, as far as looking can prove: the row may be sent."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Nothing is proved yet; look again at this time, or later."""

    at: float


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Looking does not help; the row stays unknown."""

    reason: str


Inference = Found | Absent | RetryLater | Inconclusive


def infer_presence(
    looks: Sequence[LookupObservation],
    *,
    since: float,
    settle_delay_s: float,
    is_confirmed: bool = False,
    is_shared: bool = False,
) -> Inference:
    """Decide from all looks at one row so far, in their order.

    ``since`` is when its attempt was certainly over, on the same clock as the looks. The first look may be at
    once, because what it finds is found; what it does not find is not yet absent. What Twilio has confirmed
    (``is_confirmed``) is never absent, however well it hides; what other unknown rows may have left as well
    (``is_shared``) is nobody's.
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
    """Return the times of the looks whose seeing nothing counts."""
    proofs: list[float] = []
    for look in settled:
        is_far_enough = not proofs or look.at >= proofs[-1] + SECOND_LOOK_FACTOR * settle_delay_s
        if look.control is ControlVisibility.SHOWN and not look.trouble and is_far_enough:
            proofs.append(look.at)
    return proofs


def _is_hopeless(settled: Sequence[LookupObservation]) -> bool:
    """Say whether more looks would not prove more: there is no control, or it stays hidden."""
    clear = [look for look in settled if not look.trouble]
    if clear and all(look.control is ControlVisibility.NONE for look in clear):
        return True
    return len(clear) >= LOOKS_TO_PROVE and not any(look.control is ControlVisibility.SHOWN for look in clear)


def _reason(look: LookupObservation) -> str:
    if look.trouble:
        return look.trouble
    if look.control is ControlVisibility.NONE:
        return "not seen, and no other row was created yet beside which that would prove anything"
    return "not seen, but the look-up does not show rows that were certainly created either"
