"""A job whose results are in an object store, as a user runs it; a folder stands in for the store."""

from datetime import UTC, datetime

import pytest

from tests.acceptance.program import CREDENTIALS, Program

pytestmark = pytest.mark.acceptance

STORE = """
import os
from fsspec.implementations.local import LocalFileSystem

__version__ = "2026.9.0"

class S3FileSystem(LocalFileSystem):
    protocol = "s3"

    @classmethod
    def _strip_protocol(cls, path):
        return os.path.abspath(os.path.join("store", path.removeprefix("s3://"))) if "://" in path else path
"""


async def test_results_of_each_day_are_objects_that_are_written_whole(program: Program) -> None:
    """Under the day of the run, with a ledger that is named; what is not this program's is not replaced."""
    program.write_customers("customers.csv", 5)
    program.write("s3fs.py", STORE.encode())
    store = program.folder / "store" / "bucket"
    store.mkdir(parents=True)
    env = {**CREDENTIALS, "PYTHONPATH": str(program.folder)}
    run = ("run", "customers.csv", "--key", "crm_id", "--simulate", "--rate", "0", "--yes", "--tz", "UTC", "-o")
    dated = (*run, "s3://bucket/results-{date}.csv")

    without = await program(*dated, env=env)
    first = await program(*dated, "--ledger", "job.ledger", "--limit", "2", env=env)
    again = await program(*dated, "--ledger", "job.ledger", env=env)
    lost = await program(*run, today(), "--ledger", "other.ledger", env=env)
    status = await program("status", "job.ledger", env=env)
    store.joinpath("notes.csv").write_text("theirs\n1\n", encoding="utf-8")
    foreign = await program(*run, "s3://bucket/notes.csv", "--ledger", "new.ledger", env=env)

    assert (without.code, first.code, again.code) == (2, 8, 0), (without.stderr, first.stderr, again.stderr)
    assert "add --ledger" in without.stderr
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    assert f"results: s3://bucket/results-{day}.csv" in again.stdout
    assert f"-o s3://bucket/results-{day}.csv" in first.stdout
    assert sorted(each.name for each in store.iterdir()) == ["notes.csv", f"results-{day}.csv"]
    assert store.joinpath(f"results-{day}.csv").read_text(encoding="utf-8").count(",created,") == 5
    assert lost.code == 2
    assert "would be created again" in lost.stderr
    assert f"s3://bucket/results-{day}.csv" in status.stdout
    assert foreign.code == 2
    assert "would replace" in foreign.stderr
    assert sorted(each.name for each in program.folder.iterdir() if "s3" in each.name) == ["s3fs.py"]


def today() -> str:
    """Return the address of the results of today."""
    return f"s3://bucket/results-{datetime.now(UTC):%Y-%m-%d}.csv"
