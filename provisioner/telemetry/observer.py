"""Observer of the rows of one account, which makes spans and metrics of what happens."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from provisioner.models import AttemptResult, MessageStatus, Row, SettingsStatus, Status, Step, UnknownRow
from provisioner.ports.telemetry import MonitoredRun
from provisioner.system.event_log import event_logger

from .instruments import AccountInstruments
from .row_spans import RequestRecord, RowRecord, RowSpans

_T = TypeVar("_T")


class TracedRows:
    """Passes every event on to ``monitor``, and makes spans and metrics of it; implements ``RowTelemetry``.

    It keeps what became of the rows in work, by their numbers and without their data. Spans of a row are made when
    nothing more is done with it and its outcome is on disk. ``close`` makes those of rows without an outcome.
    """

    def __init__(self, monitor: MonitoredRun, spans: RowSpans, instruments: AccountInstruments) -> None:
        self._monitor, self._spans, self._instruments = monitor, spans, instruments
        self._rows: dict[int, RowRecord] = {}
        self._log, self._has_failed = event_logger(), False
        self.request_started, self.request_finished = monitor.request_started, monitor.request_finished
        self.request_throttled = monitor.request_throttled

    @property
    def spans_made(self) -> int:
        """Number of spans that are exported."""
        return self._spans.made

    def sample(self) -> None:
        """Record the present figures as metrics."""
        self._instruments.sample(self._monitor.snapshot())

    def traced(self, process: Callable[[Row], Awaitable[_T]]) -> Callable[[Row], Awaitable[_T]]:
        """Return a function that does what ``process`` does with a row, and ends the trace of the row after it."""

        async def process_traced(row: Row) -> _T:
            try:
                return await process(row)
            finally:
                self._leave(row.row)

        return process_traced

    def close(self) -> None:
        """Make the spans of what was left without an outcome."""
        for row in list(self._rows):
            self._finish(row)
        self._instruments.end()

    def answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of an attempt to create a row's conversation."""
        self._monitor.answered(row, result, attempt)
        self._note(Step.CREATE, row, result, attempt)

    def message_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of an attempt to post a first message."""
        self._monitor.message_answered(row, result, attempt)
        self._note(Step.MESSAGE, row, result, attempt)

    def settings_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of an attempt to set a conversation's settings."""
        self._monitor.settings_answered(row, result, attempt)
        self._note(Step.SETTINGS, row, result, attempt)

    def history_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of an attempt to post a message of an old chat."""
        self._monitor.history_answered(row, result, attempt)
        self._note(Step.HISTORY, row, result, attempt)

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Note the outcome of a row."""
        self._monitor.settled(row, status, result)
        self._settle(row.row, Step.CREATE, status, result)

    def settings_settled(self, row: Row, status: SettingsStatus, result: AttemptResult) -> None:
        """Note the outcome of a row's settings."""
        self._monitor.settings_settled(row, status, result)
        self._settle(row.row, Step.SETTINGS, status, result)

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Note the outcome of a first message, after an attempt or a look-up."""
        self._monitor.message_settled(row, key, status, result)
        self._settle(row, Step.MESSAGE, status, result)

    def history_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Note the outcome of a message of an old chat, after an attempt or a look-up."""
        self._monitor.history_settled(row, key, status, result)
        self._settle(row, Step.HISTORY, status, result)

    def resolved(self, row: UnknownRow, status: Status, evidence: AttemptResult) -> None:
        """Note what a look-up says of an unknown row."""
        self._monitor.resolved(row, status, evidence)
        self._instruments.resolved(status.value)

    def _note(self, step: Step, row: Row, result: AttemptResult, attempt: int) -> None:
        self._instruments.answered(step, result)
        record = self._rows.get(row.row)
        if record is None or record.is_left:  # another round begins
            self._finish(row.row)
            record = self._rows[row.row] = RowRecord(row.row)
        record.requests.append(RequestRecord(step, result, attempt))
        record.waits = True

    def _settle(
        self, row: int, step: Step, status: Status | MessageStatus | SettingsStatus, result: AttemptResult
    ) -> None:
        self._instruments.settled(step, status.value, result.error_code)
        if (record := self._rows.get(row)) is not None:
            record.settle(step, status.value, result.error_code)
            if record.is_left:
                self._finish(row)

    def _leave(self, row: int) -> None:
        """Note that nothing more is done with a row; its last outcome may not be on disk yet."""
        if (record := self._rows.get(row)) is not None:
            record.is_left = True
            if not record.waits:
                self._finish(row)

    def _finish(self, row: int) -> None:
        if (record := self._rows.pop(row, None)) is None:
            return
        try:
            self._spans.make(record)
        except Exception as error:  # noqa: BLE001 - the environment may name a sampler of anybody's
            if not self._has_failed:
                self._log.warning("telemetry.failed", of="spans", error=type(error).__name__)
            self._has_failed = True
