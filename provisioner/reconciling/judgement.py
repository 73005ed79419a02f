"""What looks at an unknown row prove. Pure: no clock, no network.

A conversation that was seen exists. That one was not seen proves something only under three conditions: enough
time had passed since the attempt, the very same look showed a conversation that is known to exist (the control),
and a second such look some time later agreed. How soon Twilio lists a new conversation is not documented.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.models import Look

LOOKS_TO_PROVE = 2
SECOND_LOOK_FACTOR = 2.0
"""The second look follows so many settle delays after the first."""
MOST_LOOKS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """The conversation exists. ``duplicates`` are further ones of the same row, which should not be."""

    conversation_sid: str
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """It does not exist, as far as looking can prove: the row may be sent."""


@dataclass(frozen=True, slots=True)
class LookLater:
    """Nothing is proved yet; look again at this Unix time, or later."""

    at: float


@dataclass(frozen=True, slots=True)
class CannotTell:
    """Looking does not help; the row stays unknown."""

    reason: str


Judgement = Found | Absent | LookLater | CannotTell


def judge(looks: Sequence[Look], *, lost_at: float, settle_delay_s: float) -> Judgement:
    """Decide from all looks at one row so far, in their order.

    ``lost_at`` (Unix seconds) is when its attempt ended, or was found to have ended by a crash.
    """
    seen = dict.fromkeys(sid for look in looks for sid in look.conversation_sids)
    if seen:
        first, *others = seen
        return Found(first, tuple(others))
    proofs = _proofs(looks, lost_at=lost_at, settle_delay_s=settle_delay_s)
    if len(proofs) >= LOOKS_TO_PROVE:
        return Absent()
    if len(looks) >= MOST_LOOKS or _is_hopeless(looks):
        return CannotTell(_reason(looks[-1]))
    earliest = lost_at + settle_delay_s
    if proofs:
        earliest = proofs[-1] + SECOND_LOOK_FACTOR * settle_delay_s
    elif looks:
        earliest = max(earliest, looks[-1].at + settle_delay_s)
    return LookLater(earliest)


def _proofs(looks: Sequence[Look], *, lost_at: float, settle_delay_s: float) -> list[float]:
    """Return the times of the looks whose seeing nothing counts."""
    proofs: list[float] = []
    for look in looks:
        earliest = proofs[-1] + SECOND_LOOK_FACTOR * settle_delay_s if proofs else lost_at + settle_delay_s
        if look.shows_control and not look.trouble and look.at >= earliest:
            proofs.append(look.at)
    return proofs


def _is_hopeless(looks: Sequence[Look]) -> bool:
    """Say whether two looks without trouble have not shown the control: more of them will not either."""
    clear = [look for look in looks if not look.trouble]
    return len(clear) >= LOOKS_TO_PROVE and not any(look.shows_control for look in clear)


def _reason(look: Look) -> str:
    if look.trouble:
        return f"Twilio could not be asked: {look.trouble}"
    return "the look-up does not show rows that were certainly created, so seeing nothing proves nothing"
