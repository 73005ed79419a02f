"""Selection of the rows that a run sends, and policy for rows whose reply was lost."""

from collections.abc import Set as AbstractSet

import msgspec

from provisioner.models import Counts, MessageStatus, SettingsStatus, Status
from provisioner.planning.forecast import Workload


class RetryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Policy for rows that were not created at the first attempt.

    ``max_attempts`` is the most attempts per row in one run. ``on_unknown`` is ``reconcile``, ``hold`` or
    ``resend``. ``retry`` are further statuses whose rows are sent again, such as ``rejected``.
    """

    max_attempts: int = 5
    on_unknown: str = "reconcile"
    retry: tuple[str, ...] = ()

    @property
    def resends_unknown(self) -> bool:
        """Whether a row that may exist is sent again."""
        return self.on_unknown == "resend"

    @property
    def looks_up_rows(self) -> bool:
        """Whether unknown rows are looked up."""
        return self.on_unknown == "reconcile"

    @property
    def looks_up_messages(self) -> bool:
        """Whether unknown messages are looked up. An unknown message is never posted again without a look-up."""
        return self.on_unknown != "hold"


class RowSelection(msgspec.Struct, frozen=True, kw_only=True):
    """Selection of the rows that a run sends: at most ``limit`` rows, None for no limit.

    ``is_timed`` says that the run ends after a fixed time, so that the run is complete after ``limit`` rows.
    """

    retry: RetryConfig
    limit: int | None = None
    is_timed: bool = False

    @property
    def statuses(self) -> AbstractSet[Status]:
        """Statuses whose rows are sent."""
        unknown = {Status.UNKNOWN} if self.retry.resends_unknown else set()
        return {Status.PENDING, Status.UNSENT, *map(Status, self.retry.retry)} | unknown

    @property
    def message_statuses(self) -> AbstractSet[MessageStatus]:
        """Statuses in which the first message of a created row is posted."""
        return {MessageStatus.PENDING, MessageStatus.UNSENT, *map(MessageStatus, self.retry.retry)}

    @property
    def settings_statuses(self) -> AbstractSet[SettingsStatus]:
        """Statuses in which the settings of a created row are set; ``--retry rejected`` also retries twins."""
        again = {SettingsStatus.REJECTED, SettingsStatus.DUPLICATE} if "rejected" in self.retry.retry else set()
        return {SettingsStatus.PENDING, SettingsStatus.UNSENT} | again

    def required_rows(self, counts: Counts) -> int:
        """Return the number of rows that need an outcome for the run to be complete."""
        rows: int = sum(getattr(counts, status) for status in self.statuses)
        return min(rows, self.limit or rows) if self.is_timed else rows

    def workload(self, *, to_send: int, to_post: int, unknown_rows: int, unknown_messages: int) -> Workload:
        """Return the numbers of rows to send, messages to post and look-ups, from the counts of the ledger."""
        rows = unknown_rows if self.retry.looks_up_rows else 0
        messages = unknown_messages if self.retry.looks_up_messages else 0
        return Workload(to_send=to_send, to_post=to_post, to_look_up=rows + messages)
