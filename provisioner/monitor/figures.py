"""Result of a run in numbers."""

from collections.abc import Mapping, Sequence

import msgspec

from provisioner.models import Status
from provisioner.models.reasons import ErrorReason


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one run; the defaults are those of a run that sent nothing.

    ``done`` is the number of rows that got an outcome in the run. ``reasons`` say why rows were not created, the
    most frequent first. ``resolved_to`` is the number of unknown rows that were looked up, by their new status;
    ``PENDING`` means that the conversation does not exist. ``throttled`` is the number of 429 answers. ``orphans``
    is the number of attempts that may have left a conversation without a participant. ``ignores_identity`` is True
    if Twilio gave a guest another identity than the requested one. ``most_in_flight`` is the maximum number of
    requests in flight at the same time. ``rate_achieved`` is in starts per second, None for fewer than two.
    ``held_s`` is for how many seconds ``--max-open`` held creation, None without it. ``settled`` is how the number
    of rows by status has changed; a look-up takes a row from *unknown*. ``messages`` is the number of first
    messages posted, None without any. ``sent`` is the number of requests that create a conversation.
    """

    done: int = 0
    reasons: Sequence[ErrorReason] = ()
    resolved_to: Mapping[Status, int] = msgspec.field(default_factory=dict)
    throttled: int = 0
    orphans: int = 0
    ignores_identity: bool = False
    most_in_flight: int = 0
    rate_achieved: float | None = None
    held_s: float | None = None
    settled: Mapping[Status, int] = msgspec.field(default_factory=dict)
    messages: int | None = None
    sent: int = 0


NO_FIGURES = RunFigures()
"""Figures of a run that sent nothing."""
