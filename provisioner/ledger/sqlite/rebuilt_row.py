"""Converts a line of a results file into lines of a ledger's tables. Pure."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from provisioner.models import MessageStatus, Result, SettingsStatus, Status, Step, Verdict
from provisioner.system.patterns import late_pattern

_CLASSES = {
    Status.CREATED: Verdict.CREATED,
    Status.REJECTED: Verdict.REFUSED,
    Status.UNKNOWN: Verdict.MAYBE,
    Status.UNSENT: Verdict.NOT_PROCESSED,
}
_MESSAGE, _SETTINGS = "message_", "settings_"
_TOLD = late_pattern("(?:first message: )?(.*)", re.DOTALL)
_MESSAGE_CLASSES = {
    MessageStatus.POSTED: Verdict.CREATED,
    MessageStatus.REJECTED: Verdict.REFUSED,
    MessageStatus.UNKNOWN: Verdict.MAYBE,
    MessageStatus.UNSENT: Verdict.NOT_PROCESSED,
}


class RebuiltRow(NamedTuple):
    """A row and its attempts; an attempt has the values of ``add_rebuilt_attempt`` behind the row's id."""

    status: Status
    asked_identity: str | None
    attempts: int
    creation: Sequence[Any] | None
    message: MessageStatus | None
    posting: Sequence[Any] | None
    settings: SettingsStatus | None = None


def rebuilt_row(result: Result, *, now: float, is_asked: Callable[[str], bool]) -> RebuiltRow:
    """Convert the result of a row that is not invalid.

    ``now`` (Unix seconds) replaces a time that cannot be read. ``is_asked`` says whether the job can have asked
    for an identity; a created row with another one got it from Twilio, and is recorded so that rows of this job
    are not looked up by identity.
    """
    status = Status(result.status)
    if status is Status.UNSENT and not result.attempts:
        return RebuiltRow(Status.PENDING, None, 0, None, None, None)
    message = _message_of(result) if status is Status.CREATED else None
    owes_settings = status is Status.CREATED and (result.error_code or "").startswith(_SETTINGS)
    is_overruled = status is Status.CREATED and result.identity and not is_asked(result.identity)
    asked = "" if is_overruled else result.identity
    return RebuiltRow(
        status=status,
        asked_identity=asked,
        attempts=result.attempts,
        creation=_creation(result, status, now),
        message=message,
        posting=_posting(result, message, now),
        settings=SettingsStatus.UNSENT if owes_settings else None,
    )


def sent_at(result: Result) -> float | None:
    """Return when the attempt that decided a row was sent, at the latest when it ended; in Unix seconds."""
    ended = _ended(result)
    return None if ended is None else ended - (result.latency_ms or 0) / 1000


def _creation(result: Result, status: Status, now: float) -> Sequence[Any]:
    is_about_message = status is Status.CREATED and (result.error_code or "").startswith((_MESSAGE, _SETTINGS))
    return (
        Step.CREATE.value,
        max(result.attempts, 1),
        _CLASSES[status].value,
        sent_at(result) if result.latency_ms is not None else None,
        _ended(result) or now,
        result.http_status,
        None if is_about_message else result.error_code,
        None if is_about_message else result.error,
        result.conversation_sid,
        result.identity,
        result.twilio_request_id,
        None,
    )


def _message_of(result: Result) -> MessageStatus | None:
    """Return the status of the first message; one that waited for settings waits again, if the input has one."""
    code = result.error_code or ""
    if result.message_sid:
        return MessageStatus.POSTED
    if code.startswith(_SETTINGS) or code == f"{_MESSAGE}{MessageStatus.HELD}":
        return MessageStatus.PENDING
    if not code.startswith(_MESSAGE):
        return None
    word = code.removeprefix(_MESSAGE)
    known = {MessageStatus.REJECTED, MessageStatus.UNKNOWN, MessageStatus.UNSENT}
    return MessageStatus(word) if word in known else MessageStatus.POSTED


def _posting(result: Result, message: MessageStatus | None, now: float) -> Sequence[Any] | None:
    if message in {None, MessageStatus.PENDING}:
        return None
    code = (result.error_code or "").removeprefix(_MESSAGE)
    told = _TOLD.fullmatch(result.error or "")
    has_code = message is MessageStatus.POSTED and (result.error_code or "").startswith(_MESSAGE)
    return (
        Step.MESSAGE.value,
        1,
        _MESSAGE_CLASSES[message].value,
        None,
        _ended(result) or now,
        None,
        code if has_code else None,
        told[1] if told and (result.error_code or "").startswith(_MESSAGE) else None,
        None,
        None,
        None,
        result.message_sid,
    )


def _ended(result: Result) -> float | None:
    try:
        ended = datetime.fromisoformat(result.settled_at or "")
    except ValueError:
        return None
    return ended.replace(tzinfo=ended.tzinfo or UTC).timestamp()
