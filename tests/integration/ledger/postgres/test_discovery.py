"""Search of a database for other jobs of the same input."""

import hashlib
from pathlib import Path

from provisioner.ledger import LedgerLocation, find_other_jobs, open_ledger
from provisioner.models import Fingerprint
from tests.ledger_samples import SETTINGS, entries
from tests.postgres_server import address_of_session, query_postgres


async def test_other_jobs_of_the_same_input_are_found_the_newest_first(tmp_path: Path) -> None:
    """By the bytes, not by the name; not the job itself, and no schema of another program."""
    text = hashlib.sha256(str(tmp_path).encode()).hexdigest()
    same, else_ = Fingerprint("in.csv", 9, text), Fingerprint("in.csv", 9, 64 * "b")
    address, name = address_of_session(), text[:8]
    planned = {"one": same, "two": Fingerprint("copy.csv", 9, text), "three": same, "four": else_}
    jobs = {each: LedgerLocation.parse(f"{address}&job={name}-{each}") for each in planned}
    for each, fingerprint in planned.items():
        async with open_ledger(jobs[each], SETTINGS, version="1") as ledger:
            await ledger.plan(entries(["a"]), (fingerprint,))
    for statement in (
        f'CREATE SCHEMA "provisioner_{name}"',
        f'CREATE TABLE "provisioner_{name}".sources (sha1 text)',
    ):
        query_postgres(address, statement)

    found = find_other_jobs(jobs["one"], [same])

    assert found == [jobs["three"], jobs["two"]]
    assert find_other_jobs(LedgerLocation.parse(tmp_path / "a.ledger"), [same]) == ()
