"""What became of a request to Twilio, out of a reply and its classification, or out of the failure to get one."""

from typing import Any

from msgspec import structs

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply
from provisioner.models import AttemptResult
from provisioner.models.closing import CloseResult, CloseStatus

from .errors.closing_errors import CLOSE_STATUSES
from .errors.error_table import ReplyClassification
from .errors.reply_parsing import read_request_id


def attempt_result(reply: Reply, classification: ReplyClassification, *, identity: str = "") -> AttemptResult:
    """Return what a reply to an attempt at a row came to; ``identity`` is the guest's, as far as it is known."""
    return AttemptResult(
        verdict=classification.verdict,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        conversation_sid=classification.conversation_sid,
        identity=identity,
        http_status=reply.status,
        error_code=classification.error_code,
        error=classification.error,
        message_sid=classification.message_sid,
        twilio_request_id=read_request_id(reply.headers),
        retry_after_s=classification.retry_after_s,
        is_throttled=classification.is_throttled,
        stops_run=classification.stops_run,
        may_leave_orphan=classification.may_leave_orphan,
    )


def failed_attempt(failure: TransportFailure, *, identity: str = "") -> AttemptResult:
    """Return what an attempt at a row without a reply came to."""
    return AttemptResult(failure.verdict, identity=identity, **_fields(failure))


def close_result(reply: Reply, status: CloseStatus, classification: ReplyClassification) -> CloseResult:
    """Return what a reply to an attempt at closing came to."""
    return CloseResult(
        status=status,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        http_status=reply.status,
        error_code=classification.error_code,
        error=classification.error,
        twilio_request_id=read_request_id(reply.headers),
        retry_after_s=classification.retry_after_s,
        is_throttled=classification.is_throttled,
        stops_run=classification.stops_run,
    )


def failed_close(failure: TransportFailure) -> CloseResult:
    """Return what an attempt at closing without a reply came to."""
    return CloseResult(CLOSE_STATUSES[failure.verdict], **_fields(failure))


def _fields(failure: TransportFailure) -> dict[str, Any]:
    """Return what ``RequestResult`` has, which every result of a request begins with."""
    return structs.asdict(failure)
