"""What a run came to, as figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.models import Status
from provisioner.models.reasons import ErrorReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """The figures of one run; without arguments those of a run that sent nothing.

    ``done`` rows got their last word in the run. ``reasons`` say why rows were not created, the most frequent
    first. ``resolved_to`` counts the unknown rows that were looked up, by what they turned out to be; pending is
    certainly absent. ``throttled`` counts answers 429. ``orphans`` attempts failed at the participant.
    ``ignores_identity`` says that Twilio gave guests other identities than were asked for. ``rate_achieved`` is in
    starts per second, None when there were fewer than two.
    """

    done: int = 0
    reasons: Sequence[ErrorReason] = ()
    resolved_to: Mapping[Status, int] = field(default_factory=dict)
    throttled: int = 0
    orphans: int = 0
    ignores_identity: bool = False
    most_in_flight: int = 0
    rate_achieved: float | None = None


NO_FIGURES = RunFigures()
"""Those of a run that sent nothing."""
