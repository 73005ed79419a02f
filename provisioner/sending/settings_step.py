"""Step that sets what a row asks for on its conversation: unique name, attributes and timers."""

from collections.abc import Sequence
from typing import ClassVar

from provisioner.ledger import RowStore
from provisioner.models import (
    AttemptResult,
    ConversationSettings,
    Row,
    SettingsStatus,
    Status,
    Step,
    WebChatRequest,
)
from provisioner.models.attempts import DUPLICATE
from provisioner.ports.sending import Gate, Observer
from provisioner.rows import SHORTEST_INACTIVE_S, parse_timer

from .steps import ObservedStep, Recorded, SettingsCalls, checked_by_service

_STATUSES = {
    Status.PENDING: SettingsStatus.PENDING,
    Status.CREATED: SettingsStatus.SET,
    Status.REJECTED: SettingsStatus.REJECTED,
    Status.UNKNOWN: SettingsStatus.UNSENT,
    Status.UNSENT: SettingsStatus.UNSENT,
}


class SettingsStep(ObservedStep):
    """Step that sets the settings of a created row in one update, which may be repeated without harm.

    The status of settings that are set is *created* here.
    """

    step: ClassVar[Step] = Step.SETTINGS
    fields: ClassVar[Sequence[str]] = ("unique_name", "attributes", "inactive_after", "close_after")

    def __init__(self, calls: SettingsCalls, *, ledger: RowStore, observer: Observer) -> None:
        super().__init__(calls.pace, observer)
        self._calls, self._settings, self._observer = calls, ledger.settings, observer
        self.answered = observer.settings_answered

    def is_asked(self, row: Row) -> bool:
        """Return whether the row asks for any of them."""
        return has_settings(row.request)

    async def drop(self, row: Row) -> None:
        """Record that the row asks for no settings any more, unless they are set."""
        await self._settings.drop(row.id)

    async def begin(self, _row: Row) -> None:
        """Do nothing: after a crash the settings are set again."""

    async def release(self, _row: Row) -> None:
        """Do nothing: ``begin`` records no intent."""

    async def send(self, row: Row, gate: Gate) -> AttemptResult:
        """Make one attempt to set them. A 404 of a service without any conversation of the job stops the run."""
        result = await self._calls.updater.update(requested_settings(row), gate)
        return await checked_by_service(result, self._calls.service_check)

    def record(self, row: Row, status: Status, result: AttemptResult) -> Recorded:
        """Record the status of the settings; the row's own status does not change."""
        return self._settings.settle(row.id, _status_of(status, result), result)

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Notify the observer of the outcome."""
        self._observer.settings_settled(row, _status_of(status, result), result)


def has_settings(request: WebChatRequest) -> bool:
    """Return whether a request asks for settings of its conversation."""
    return bool(request.unique_name or request.attributes or request.inactive_after or request.close_after)


def requested_settings(row: Row) -> ConversationSettings:
    """Return the settings of a created row.

    A conversation becomes inactive before it is closed. So with a time to close and none to become inactive, the
    shortest one is sent for that. Source: Twilio, https://www.twilio.com/docs/conversations/states-timers.
    """
    request = row.request
    close_after_s = parse_timer(request.close_after, "close_after") if request.close_after else None
    inactive_after_s = parse_timer(request.inactive_after, "inactive_after") if request.inactive_after else None
    return ConversationSettings(
        conversation_sid=row.conversation_sid,
        unique_name=request.unique_name,
        attributes=request.attributes,
        inactive_after_s=inactive_after_s or (SHORTEST_INACTIVE_S if close_after_s else None),
        close_after_s=close_after_s,
    )


def _status_of(status: Status, result: AttemptResult) -> SettingsStatus:
    is_twin = status is Status.REJECTED and result.error_code == DUPLICATE
    return SettingsStatus.DUPLICATE if is_twin else _STATUSES[status]
