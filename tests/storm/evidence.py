"""Evidence in the ledger for every row that was ever unknown. Pure, except for the functions that read it."""

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
    """One attempt of the ledger: the row's id, the step, the verdict and the error code."""

    row: int
    step: str
    verdict: str
    error_code: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of attempts with an unknown result, and how each was resolved.

    ``requests`` is the number of create attempts of the job. ``rows`` is the number of rows that had at least one
    unknown attempt; a row may have several. Look-ups resolved ``found`` of them with a conversation and ``absent``
    without one; ``left`` rows are still unknown. ``looks`` is the number of look-ups. ``breaches`` are texts about
    rows that were sent again before a look-up, or whose status changed without one.
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
    """Return the evidence of a finished job's ledger."""
    with _opened(ledger) as connection:
        attempts = [Attempt(*line) for line in connection.execute(_ATTEMPTS)]
        statuses: dict[int, str] = dict(connection.execute(_STATUSES).fetchall())
    return judge(attempts, statuses)


def read_trails(ledger: Path, rows: Iterable[int]) -> list[str]:
    """Return a text for each attempt at these input rows, with all values that the ledger holds."""
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
    """Return the evidence of ``attempts``, which must be grouped by row; ``statuses`` are by row id."""
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
