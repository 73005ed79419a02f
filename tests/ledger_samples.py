"""Sample rows, results and inputs for tests of the ledger."""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from provisioner.ledger import Ledger
from provisioner.models import AttemptResult, Claim, Fingerprint, PlanEntry, Problem, Status, Verdict

SETTINGS = {"account": "AC" + 32 * "0", "key": "id"}
INPUT = (Fingerprint("customers.csv", 1_000, 64 * "a"),)
SENDABLE = (Status.PENDING, Status.UNSENT)
TOO_LONG = Problem("chat_friendly_name", "Name", "is longer than 256 characters")
NO_SID = Problem("address_sid", "", "is missing")

CREATED = AttemptResult(
    Verdict.CREATED,
    due=1_700_000_000.0,
    sent=1_700_000_000.25,
    ended=1_700_000_000.5,
    conversation_sid="CH" + 32 * "1",
    identity="wc-1",
    http_status=201,
    twilio_request_id="RQ" + 32 * "2",
)
REFUSED = AttemptResult(
    Verdict.REFUSED, due=1.0, sent=1.5, ended=2.0, http_status=400, error_code="45745", error="invalid parameters"
)
THROTTLED = AttemptResult(
    Verdict.NOT_PROCESSED,
    due=1.0,
    sent=1.5,
    ended=2.0,
    http_status=429,
    error_code="45780",
    error="the limit of 5 a second",
    retry_after_s=1.5,
    is_throttled=True,
)
LOST = AttemptResult(Verdict.MAYBE, due=1.0, sent=1.5, ended=31.5, error_code="timeout", error="no answer in 30 s")
POSTED = AttemptResult(
    Verdict.CREATED,
    due=1_700_000_001.0,
    sent=1_700_000_001.25,
    ended=1_700_000_001.5,
    http_status=201,
    message_sid="IM" + 32 * "3",
    twilio_request_id="RQ" + 32 * "4",
)
ANSWERS = {
    Status.CREATED: CREATED,
    Status.REJECTED: REFUSED,
    Status.UNSENT: THROTTLED,
    Status.PENDING: THROTTLED,
    Status.UNKNOWN: LOST,
}


def digest_of(content: str) -> bytes:
    """Return the 16-byte digest of a row with this content."""
    return hashlib.blake2b(content.encode(), digest_size=16).digest()


def entry(row: int, key: str = "", content: str | None = None, *problems: Problem) -> PlanEntry:
    """Return the plan entry of a record whose line is its row number plus one."""
    text = content if content is not None else key or str(row)
    return PlanEntry(row, row + 1, 0, key, digest_of(text), problems)


def entries(keys: Iterable[str]) -> list[PlanEntry]:
    """Return one valid plan entry for each key."""
    return [entry(row, key) for row, key in enumerate(keys, start=1)]


async def claim_all(ledger: Ledger, statuses: Sequence[Status] = SENDABLE) -> Sequence[Claim]:
    """Start a run and claim all rows with these statuses."""
    await ledger.start_run(statuses)
    return await ledger.claim(1_000)


async def send(ledger: Ledger, claim: Claim, status: Status) -> None:
    """Make one attempt that ends with this status; with ``IN_FLIGHT``, one that does not end."""
    await ledger.begin(claim.id)
    if status is not Status.IN_FLIGHT:
        await ledger.settle(claim.id, status, ANSWERS[status])


def query(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run an SQL statement on the ledger file, without the ledger's code, and return the rows."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()
