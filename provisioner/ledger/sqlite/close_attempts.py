"""Line in the table ``attempts`` for an attempt to close or delete a conversation, a channel or a guest."""

from collections.abc import Sequence

from provisioner.models import RequestResult
from provisioner.models.closing import CloseResult


def close_attempt(row_id: int, run: int | None, step: str, number: int, result: CloseResult) -> Sequence[object]:
    """Return the parameters of the statement ``add_attempt`` for the ``number``-th attempt of a step."""
    return (row_id, run, step, number, result.status.value, *request_details(result))


def request_details(result: RequestResult) -> Sequence[object]:
    """Return the values of an attempt that every request has, in the order of the statement ``add_attempt``."""
    return (
        result.due,
        result.sent,
        result.ended,
        result.http_status,
        result.error_code or None,
        result.error or None,
        result.twilio_request_id.encode("utf-8", "replace").decode() or None,
        result.retry_after_s,
    )
