"""Which rows a run sends, and what it does about those whose answer is lost."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from provisioner.models import Counts, MessageStatus, Status
from provisioner.planning.forecast import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    """What is done about rows that were not created at the first attempt.

    ``max_attempts`` bounds the attempts per row in one run. ``on_unknown`` is ``reconcile``, ``hold`` or
    ``resend``. ``retry`` names further statuses whose rows are sent again.
    """

    max_attempts: int = 5
    on_unknown: str = "reconcile"
    retry: tuple[str, ...] = ()

    @property
    def resends_unknown(self) -> bool:
        """Say whether a row that may exist is sent again."""
        return self.on_unknown == "resend"

    @property
    def looks_up_rows(self) -> bool:
        """Say whether unknown rows are looked up."""
        return self.on_unknown == "reconcile"

    @property
    def looks_up_messages(self) -> bool:
        """Say whether messages in doubt are looked for; none is ever posted blindly."""
        return self.on_unknown != "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSelection:
    """The rows of a job that a run sends.

    At most ``limit`` rows are sent, None for no limit. ``is_timed`` says that the run ends when its time is up, so
    that no more than ``limit`` rows have to be sent.
    """

    retry: RetryConfig
    limit: int | None = None
    is_timed: bool = False

    @property
    def statuses(self) -> AbstractSet[Status]:
        """The statuses whose rows are sent."""
        unknown = {Status.UNKNOWN} if self.retry.resends_unknown else set()
        return {Status.PENDING, Status.UNSENT, *map(Status, self.retry.retry)} | unknown

    @property
    def message_statuses(self) -> AbstractSet[MessageStatus]:
        """The statuses in which the first message of a created row is posted."""
        return {MessageStatus.PENDING, MessageStatus.UNSENT, *map(MessageStatus, self.retry.retry)}

    def required_rows(self, counts: Counts) -> int:
        """Return how many rows have to get a last word in the run, for it to be complete."""
        rows: int = sum(getattr(counts, status) for status in self.statuses)
        return min(rows, self.limit or rows) if self.is_timed else rows

    def workload(self, *, to_send: int, to_post: int, unknown_rows: int, unknown_messages: int) -> Workload:
        """Return how much there is to do, of what the ledger counts."""
        rows = unknown_rows if self.retry.looks_up_rows else 0
        messages = unknown_messages if self.retry.looks_up_messages else 0
        return Workload(to_send=to_send, to_post=to_post, to_look_up=rows + messages)
