"""Evidence in a ledger of a database for every row that was ever unknown."""

from collections.abc import Iterable

from tests.storm.cluster.database import StormDatabase
from tests.storm.evidence import Attempt, Evidence, judge

_ATTEMPTS = """
SELECT row_id, step, class, coalesce(error_code, '')
FROM attempts
WHERE step IN ('create', 'lookup')
ORDER BY row_id, id
"""
_TRAIL = """
SELECT plan.row, states.key, states.status, attempts.*
FROM attempts
JOIN states ON states.id = attempts.row_id
JOIN plan ON plan.row_id = states.id
WHERE plan.row IN ({})
ORDER BY plan.row, attempts.id
"""


async def read_cluster_evidence(database: StormDatabase, schema: str) -> Evidence:
    """Return the evidence of a finished job's ledger."""
    attempts = [Attempt(*line) for line in await database.query(_ATTEMPTS, schema=schema)]
    statuses = await database.query("SELECT id, status FROM states", schema=schema)
    return judge(attempts, dict(statuses))


async def trails_of(database: StormDatabase, schema: str, rows: Iterable[int]) -> list[str]:
    """Return a text for each attempt at these input rows."""
    listed = ", ".join(map(str, sorted(rows)))
    return [str(line) for line in await database.query(_TRAIL.format(listed), schema=schema)] if listed else []
