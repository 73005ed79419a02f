"""What the ledger can show for every row that was ever in doubt. Pure, but for reading it."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the ledger's attempts, in their order."""

    row: int
    step: str
    verdict: str
    error_code: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """How every doubt ended.

    A row may be in doubt more than once. ``rows`` were, ``found`` of the doubts ended with a conversation that
    was seen and ``absent`` with none, twice looked for; in ``left`` rows there still is one. ``requests`` are all
    intents of the job. ``breaches`` are rows that were sent while in doubt, or have been created without a look.
    """

    requests: int = 0
    rows: int = 0
    found: int = 0
    absent: int = 0
    left: int = 0
    looks: int = 0
    breaches: tuple[str, ...] = ()


_ATTEMPTS = """
SELECT rows.id, attempts.step, attempts.class, coalesce(attempts.error_code, '')
FROM attempts
JOIN rows ON rows.id = attempts.row_id
ORDER BY rows.id, attempts.id
"""
_TRAIL = """
SELECT plan.row, rows.key, rows.status, attempts.run, attempts.number, attempts.step, attempts.class,
    attempts.http_status, attempts.error_code, attempts.conversation_sid, attempts.sent, attempts.ended
FROM attempts
JOIN rows ON rows.id = attempts.row_id
JOIN plan ON plan.row_id = rows.id
WHERE plan.row IN (SELECT value FROM json_each(?))
ORDER BY plan.row, attempts.id
"""
_STATUSES = "SELECT id, status FROM rows"


def read_evidence(ledger: Path) -> Evidence:
    """Read the ledger of a job that is over."""
    with _opened(ledger) as connection:
        attempts = [Attempt(*line) for line in connection.execute(_ATTEMPTS)]
        statuses: dict[int, str] = dict(connection.execute(_STATUSES).fetchall())
    return judge(attempts, statuses)


def read_trails(ledger: Path, rows: Iterable[int]) -> list[str]:
    """Return all that the ledger holds of these input rows, a text for each attempt."""
    with _opened(ledger) as connection:
        found = connection.execute(_TRAIL, (json.dumps(sorted(rows)),))
        names = [column[0] for column in found.description]
        return [
            ", ".join(f"{name} {value}" for name, value in zip(names, line, strict=True) if value is not None)
            for line in found
        ]


def _opened(ledger: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True))


def judge(attempts: Iterable[Attempt], statuses: dict[int, str]) -> Evidence:
    """Follow each row through its attempts, which come row by row."""
    trails = [(row, list(trail)) for row, trail in groupby(attempts, key=attrgetter("row"))]
    doubted = [(row, trail) for row, trail in trails if any(_is_doubt(each) for each in trail)]
    creates = [each for _, trail in trails for each in trail if each.step == "create"]
    ends = [each.verdict for _, trail in doubted for each in trail if each.step == "lookup"]
    return Evidence(
        requests=len(creates),
        rows=len(doubted),
        found=ends.count("created"),
        absent=ends.count("not_processed"),
        left=sum(statuses[row] == "unknown" for row, _ in doubted),
        looks=len(ends),
        breaches=tuple(breach for row, trail in trails for breach in _breaches(row, trail, statuses[row])),
    )


def _is_doubt(attempt: Attempt) -> bool:
    return attempt.step == "create" and attempt.verdict == "maybe"


def _breaches(row: int, trail: Iterable[Attempt], status: str) -> Iterator[str]:
    is_in_doubt = False
    for attempt in trail:
        if attempt.step == "create":
            if is_in_doubt:
                yield f"row {row} of the ledger was sent again in doubt ({attempt.verdict}, {attempt.error_code})"
            is_in_doubt = attempt.verdict == "maybe"
        elif attempt.verdict != "maybe":
            is_in_doubt = False
    if is_in_doubt and status != "unknown":
        yield f"row {row} of the ledger is {status}, and nothing shows what became of its doubt"
