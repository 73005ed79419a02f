"""Limits and retry policy of a run."""

from collections.abc import Callable

import msgspec

from provisioner.options import FailureLimit


class DispatchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and retry policy of a run.

    ``concurrency`` is the most requests in flight; ``max_attempts`` the most attempts per row. ``canary`` rows are
    sent alone first; 0 for none. ``failures`` is the limit of ``--max-failures``; a percentage of it refers to
    ``to_send`` rows. With ``resends_unknown``, an attempt in doubt is repeated, so that a row may be created
    twice; a message in doubt is never repeated. With ``may_share``, rows with the same identity of the user's own
    may share a conversation. ``other_host`` is the host that is asked when it is not Twilio's.
    ``failed_elsewhere`` returns the number of failed rows that count for ``failures`` besides those sent here.
    ``ahead`` is the number of rows that are rebuilt before their turn, 64 at most; with fewer, a row is taken only
    when it can be sent soon, so that others can send it.
    """

    concurrency: int
    max_attempts: int
    canary: int = 0
    failures: FailureLimit | None = None
    to_send: int = 0
    resends_unknown: bool = False
    may_share: bool = False
    other_host: str = ""
    failed_elsewhere: Callable[[], int] = int
    ahead: int = 64
