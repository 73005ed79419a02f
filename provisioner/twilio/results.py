"""Results of requests to Twilio, built from a reply and its classification or from a transport failure."""

from typing import Any

from msgspec import structs

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply
from provisioner.models import AttemptResult, ForeignReply, Verdict
from provisioner.models.closing import CloseResult, CloseStatus, ConversationState, StateResult

from .errors.closing_errors import CLOSE_STATUSES
from .errors.error_table import ReplyClassification
from .errors.foreign_replies import find_foreign
from .errors.reply_parsing import read_request_id

_SUCCESSES = {CloseStatus.CLOSED, CloseStatus.DELETED, CloseStatus.GONE}


def attempt_result(
    reply: Reply, classification: ReplyClassification, *, field: str, identity: str = ""
) -> AttemptResult:
    """Return the result of an attempt that got a reply.

    ``field`` is a field that every object of the endpoint has. ``identity`` is the guest's, empty if it is not
    known.
    """
    is_created = classification.verdict is Verdict.CREATED
    foreign = None if is_created else find_foreign(reply, classification, field)
    return AttemptResult(
        verdict=classification.verdict,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        conversation_sid=classification.conversation_sid,
        identity=identity,
        http_status=reply.status,
        error_code=classification.error_code,
        error=classification.error if foreign is None else _told(classification, foreign),
        message_sid=classification.message_sid,
        twilio_request_id=read_request_id(reply.headers),
        retry_after_s=classification.retry_after_s,
        is_throttled=classification.is_throttled,
        stops_run=classification.stops_run,
        may_leave_orphan=classification.may_leave_orphan,
        is_gone=classification.is_gone,
        foreign=foreign,
    )


def failed_attempt(failure: TransportFailure, *, identity: str = "") -> AttemptResult:
    """Return the result of an attempt that got no reply; ``identity`` is the requested one."""
    return AttemptResult(failure.verdict, identity=identity, **_fields(failure))


def close_result(
    reply: Reply, status: CloseStatus, classification: ReplyClassification, *, field: str = "state"
) -> CloseResult:
    """Return the result of an attempt to close or delete that got a reply.

    ``field`` is a field that every object of the endpoint has.
    """
    foreign = None if status in _SUCCESSES else find_foreign(reply, classification, field)
    return CloseResult(
        status,
        **_reply_fields(reply),
        **_refusal_fields(classification),
        error=classification.error if foreign is None else _told(classification, foreign),
        foreign=foreign,
    )


def state_result(reply: Reply, state: ConversationState, classification: ReplyClassification) -> StateResult:
    """Return the result of a request for the state of a conversation that got a reply.

    ``classification`` is used only where the reply does not tell the state.
    """
    if state is not ConversationState.NOT_KNOWN:
        return StateResult(state, **_reply_fields(reply))
    return StateResult(
        state,
        **_reply_fields(reply),
        **_refusal_fields(classification),
        error=classification.error,
        foreign=find_foreign(reply, classification, "state"),
    )


def _reply_fields(reply: Reply) -> dict[str, Any]:
    """Return the fields of ``RequestResult`` that any reply gives."""
    return {
        "due": reply.due,
        "sent": reply.sent,
        "ended": reply.ended,
        "http_status": reply.status,
        "twilio_request_id": read_request_id(reply.headers),
    }


def _refusal_fields(classification: ReplyClassification) -> dict[str, Any]:
    """Return the fields of ``RequestResult`` that the classification of a reply gives, besides the error."""
    return {
        "error_code": classification.error_code,
        "retry_after_s": classification.retry_after_s,
        "is_throttled": classification.is_throttled,
        "stops_run": classification.stops_run,
    }


def _told(classification: ReplyClassification, foreign: ForeignReply) -> str:
    """Return the error; what a refusal would mean if it came from Twilio is not said of another server's."""
    if classification.verdict is not Verdict.REFUSED:
        return classification.error
    return f"another server than Twilio refused the request ({foreign.answer}); check --base-url"


def failed_close(failure: TransportFailure) -> CloseResult:
    """Return the result of an attempt to close or delete that got no reply."""
    return CloseResult(CLOSE_STATUSES[failure.verdict], **_fields(failure))


def _fields(failure: TransportFailure) -> dict[str, Any]:
    """Return the fields of ``RequestResult``, which all results of requests have in common."""
    return structs.asdict(failure)
