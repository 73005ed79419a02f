"""Events of the log about answers and messages."""

from typing import Any

from provisioner.models import AttemptResult, MessageStatus, Row


def log_answer(log: Any, event: str, row: Row, result: AttemptResult, attempt: int) -> None:
    """Log the result of the ``attempt``-th attempt at a step of ``row``, at debug level."""
    log.debug(
        event,
        row=row.row,
        key=row.key,
        attempt=attempt,
        verdict=result.verdict.value,
        http_status=result.http_status,
        error_code=result.error_code,
        latency_ms=result.latency_ms,
        twilio_request_id=result.twilio_request_id,
    )


def log_message(log: Any, what: str, where: tuple[int, str], status: MessageStatus, result: AttemptResult) -> None:
    """Log the new status of a message of the row ``where`` (number and key); ``what`` begins the event's name."""
    row, key = where
    tell = log.debug if status in {MessageStatus.POSTED, MessageStatus.PENDING} else log.warning
    tell(
        f"{what}.{status.value}",
        row=row,
        key=key,
        message_sid=result.message_sid,
        http_status=result.http_status,
        error_code=result.error_code,
        error=result.error,
        twilio_request_id=result.twilio_request_id,
    )
