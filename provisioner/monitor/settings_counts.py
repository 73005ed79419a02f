"""Counters of the settings of conversations."""

from collections import Counter

from provisioner.models import AttemptResult, Row, SettingsStatus
from provisioner.models.reasons import ErrorReason
from provisioner.system.event_log import event_logger


class SettingsCounters:
    """Counts and logs the settings of one run; those that were not set by status and error code."""

    def __init__(self) -> None:
        self._reasons: Counter[tuple[SettingsStatus, str]] = Counter()
        self._sentences: dict[tuple[SettingsStatus, str], str] = {}
        self._log = event_logger()

    def settled(self, row: Row, status: SettingsStatus, result: AttemptResult) -> None:
        """Count and log the outcome of the settings of ``row``."""
        if status is not SettingsStatus.SET:
            self._reasons[status, result.error_code] += 1
            self._sentences.setdefault((status, result.error_code), result.error)
        tell = self._log.debug if status is SettingsStatus.SET else self._log.warning
        tell(
            f"settings.{status.value}",
            row=row.row,
            key=row.key,
            conversation_sid=row.conversation_sid,
            http_status=result.http_status,
            error_code=result.error_code,
            error=result.error,
            twilio_request_id=result.twilio_request_id,
        )

    @property
    def reasons(self) -> list[ErrorReason]:
        """Reasons why settings were not set, the most frequent first."""
        return [
            ErrorReason(status, code, self._sentences[status, code], rows, of="settings update")
            for (status, code), rows in self._reasons.most_common()
        ]
