"""Conversion between rows of the ledger's tables and the program's records."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from provisioner.ledger import shapes
from provisioner.ledger.notes import RunNote
from provisioner.ledger.shapes import OddLine, checked_row
from provisioner.models import AttemptResult, Claim, Counts, RequestResult, UnknownRow
from provisioner.models.sids import SidKind

_decode_claims = msgspec.json.Decoder(list[shapes.CLAIM]).decode


def claims_of(text: str) -> list[Claim]:
    """Return the claims in the JSON array of the SQL statement ``claim``.

    Raise ``OddLine`` when a value has an unexpected type or size, or a conversation has no valid SID.
    """
    try:
        claims = [
            Claim(number, row, key, bytes.fromhex(digest), sid, identity, bool(is_in_doubt), owed, total, posted)
            for number, row, key, digest, sid, identity, is_in_doubt, owed, total, posted in _decode_claims(text)
        ]
    except ValueError:  # msgspec's ValidationError is one
        raise OddLine from None
    if not SidKind.CONVERSATION.matches_all([sid for claim in claims if (sid := claim.conversation_sid)]):
        raise OddLine
    return claims


def counts_by_account(lines: Iterable[tuple[str, str, int]]) -> Mapping[str, Counts]:
    """Return the counts of each account for lines of (account SID, status, number of rows), in their order."""
    numbers: dict[str, dict[str, int]] = {}
    for sid, status, rows in lines:
        numbers.setdefault(sid, {})[status] = rows
    return {sid: Counts(input=sum(by_status.values()), **by_status) for sid, by_status in numbers.items()}


def decode_unknown(line: Sequence[Any]) -> UnknownRow:
    """Return the unknown row for a result row of the SQL statement ``unknown`` or ``control``.

    Only ``control`` gives a conversation SID. Raise ``OddLine`` when a value has an unexpected type or size.
    """
    checked = checked_row(shapes.UNKNOWN, line)
    (*head, duplicate_sid, duplicate_error, is_same_guest, digest) = checked
    claim_id, row, key, identity, since, lost_at, is_confirmed, is_shared, conversation_sid, is_rebuilt = head
    if any(sid and not SidKind.CONVERSATION.matches(sid) for sid in (conversation_sid, duplicate_sid)):
        raise OddLine
    return UnknownRow(
        id=claim_id,
        row=row,
        key=key,
        identity=identity,
        since=since,
        lost_at=lost_at,
        is_confirmed=bool(is_confirmed),
        is_shared=bool(is_shared),
        conversation_sid=conversation_sid,
        is_rebuilt=bool(is_rebuilt),
        duplicate_sid=duplicate_sid,
        duplicate_error=duplicate_error,
        is_same_guest=bool(is_same_guest),
        digest=digest or b"",
    )


def encode_attempt(claim_id: int, run: int | None, step: str, result: AttemptResult, status: str) -> Sequence[Any]:
    """Return the values for ``BulkStatement.SETTLE``: an attempt's or look-up's result, then the row's status."""
    return (
        claim_id,
        run,
        step,
        result.verdict.value,
        result.due,
        result.sent,
        result.ended,
        result.http_status,
        encode_text(result.error_code) if result.error_code else None,
        encode_text(result.error) if result.error else None,
        encode_text(result.conversation_sid) if result.conversation_sid else None,
        encode_text(result.identity) if result.identity else None,
        encode_text(result.twilio_request_id) if result.twilio_request_id else None,
        result.retry_after_s,
        result.may_leave_orphan,
        status,
    )


def encode_created(claim_id: int, run: int | None, result: AttemptResult, *, may_share: bool) -> Sequence[Any]:
    """Return the values for ``BulkStatement.SETTLE_CREATED``: a result that names a conversation has no error."""
    return (
        claim_id,
        run,
        result.due,
        result.sent,
        result.ended,
        result.http_status,
        encode_text(result.conversation_sid),
        encode_text(result.identity) if result.identity else None,
        encode_text(result.twilio_request_id) if result.twilio_request_id else None,
        may_share,
    )


def encode_run_note(note: RunNote) -> str:
    """Return the note as the JSON text that is stored; file names may hold bytes that are not text."""
    return json.dumps(msgspec.to_builtins(note), allow_nan=False)


def decode_run_note(text: str | None) -> RunNote:
    """Return the note for a stored text, None for none; raise ``OddLine`` when a value has an unexpected type."""
    try:
        return RunNote() if text is None else msgspec.convert(json.loads(text), RunNote)
    except (ValueError, RecursionError):  # msgspec's ValidationError is a ValueError
        raise OddLine from None


def encode_text(text: str) -> str | None:
    """Return the text as a column can store it: None for an empty text, ``?`` for each lone surrogate."""
    if text.isascii():
        return text or None
    return text.encode("utf-8", "replace").decode()


def request_details(result: RequestResult) -> Sequence[Any]:
    """Return the values of an attempt that every request has, in the order of the statements ``add_attempt``."""
    return (
        result.due,
        result.sent,
        result.ended,
        result.http_status,
        encode_text(result.error_code),
        encode_text(result.error),
        encode_text(result.twilio_request_id),
        result.retry_after_s,
    )
