"""Protocol through which the limit of ``--max-open`` reports its state."""

from typing import Protocol


class OpenLimitStatus(Protocol):
    """State of the limit on open conversations."""

    most: int
    """The value of ``--max-open``."""
    open: int
    """Number of conversations of the job that are believed open."""

    @property
    def held_s(self) -> float:
        """Seconds for which creation was held so far."""
        ...

    @property
    def is_holding(self) -> bool:
        """Whether creation waits for a conversation to be closed."""
        ...
