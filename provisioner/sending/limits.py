"""The bounds that a run keeps."""

from dataclasses import dataclass

from provisioner.options import FailureLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLimits:
    """How many requests and attempts a run makes, and how many failures it bears.

    ``to_send`` is the number of rows that a share of failures refers to. ``resends_unknown`` gives up the promise
    that no row is created twice: an attempt in doubt is repeated like one that never left. No message ever is.
    """

    concurrency: int
    max_attempts: int
    canary: int = 0
    failures: FailureLimit | None = None
    to_send: int = 0
    resends_unknown: bool = False
