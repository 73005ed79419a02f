"""docs/ledger.md tells the schema of a ledger in a database as it is, and every query of psql in it answers."""

import re
from pathlib import Path

from provisioner.ledger import LedgerLocation, open_ledger, open_shared_rates
from provisioner.options import Rate
from provisioner.pacing import SharedPacer
from tests.contract.ledger_kinds import PostgresKind
from tests.ledger_samples import INPUT, SENDABLE, SETTINGS, entries
from tests.postgres_server import address_of_session, query_postgres
from tests.shared_runs import shared, spec

TEXT = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text(encoding="utf-8")
STATEMENTS = re.findall(r'^ +-c "(SELECT [^"]+)"$', TEXT, re.MULTILINE)


async def test_every_query_of_psql_in_the_document_runs(tmp_path: Path) -> None:
    """It names tables and columns that are there, of a job that workers share and of its rate."""
    location: LedgerLocation = PostgresKind().location(tmp_path)
    async with open_ledger(location, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        await ledger.start_run(SENDABLE)
        await shared(ledger).begin(spec())
    async with open_shared_rates(location) as rates:
        assert rates is not None
        async with SharedPacer(Rate(per_second=5), rates.rate_of("AC" + 32 * "0")).reserve() as gate:
            await gate.wait()
    schema = location.postgres_address().schema

    answers = {each: query_postgres(address_of_session(), each, schema=schema) for each in STATEMENTS}

    assert len(answers) > 3
    assert all(
        lines for statement, lines in answers.items() if "FROM shards" in statement or "results" in statement
    )
