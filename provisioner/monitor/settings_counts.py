"""Counters of the settings of conversations."""

from collections import Counter

from provisioner.models import AttemptResult, SettingsStatus
from provisioner.models.reasons import ErrorReason


class SettingsCounters:
    """Counts the settings of one run that were not set, by status and error code."""

    def __init__(self) -> None:
        self._reasons: Counter[tuple[SettingsStatus, str]] = Counter()
        self._sentences: dict[tuple[SettingsStatus, str], str] = {}

    def count(self, status: SettingsStatus, result: AttemptResult) -> None:
        """Count the outcome of one row's settings."""
        if status is not SettingsStatus.SET:
            self._reasons[status, result.error_code] += 1
            self._sentences.setdefault((status, result.error_code), result.error)

    @property
    def reasons(self) -> list[ErrorReason]:
        """Reasons why settings were not set, the most frequent first."""
        return [
            ErrorReason(status, code, self._sentences[status, code], rows, of="conversation's settings")
            for (status, code), rows in self._reasons.most_common()
        ]
