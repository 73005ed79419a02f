"""A ledger that an earlier build left behind is read as that build read it, and its job goes on.

``ledgers/killed_at_schema_N.tar.gz`` holds what version 0.1.0 (N = 2: commit dcf887d, N = 3: commit eeec25c) left
when it was killed with ``RUN``, and what its own ``export`` and ``status --json`` said of that then, in another
folder. Of nine invented rows, 1, 2 and 6 are created (the message of 2 was refused), 3 is rejected, 4 is unknown,
5 is invalid, 7 was in flight, 8 and 9 were still to be sent.
"""

import json
import tarfile
from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, Program, read_csv
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = [pytest.mark.acceptance, pytest.mark.parametrize("version", [2, 3])]

SAMPLES = Path(__file__).parent / "ledgers"
LEDGER = "results.csv.ledger"
RUN = (
    *("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "50/s", "--concurrency", "1"),
    *("--on-unknown", "hold", "--first-message", "Hello, I am {CustomerFriendlyName}"),
)


def unpack(program: Program, version: int) -> None:
    """Put the job of this schema version into the program's folder as it was left."""
    with tarfile.open(SAMPLES / f"killed_at_schema_{version}.tar.gz") as archive:
        archive.extractall(program.folder, filter="data")


def said_before(now: object, then: object) -> object:
    """Return what is said now, without the members of objects that the earlier build did not have."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {name: said_before(now.get(name), value) for name, value in then.items()}
    return now


async def test_an_older_ledger_reads_as_it_did(program: Program, version: int) -> None:
    """``export`` writes the same bytes, and ``status --json`` says all that it said."""
    unpack(program, version)
    then = json.loads((program.folder / "status.json").read_text(encoding="utf-8"))

    exported = await program("export", LEDGER, "-o", "again.csv")
    status = await program("status", LEDGER, "--json")

    assert exported.code == 0
    assert (program.folder / "again.csv").read_bytes() == (program.folder / "exported.csv").read_bytes()
    assert said_before(status.summary, then) == then


async def test_a_job_of_an_older_ledger_goes_on(program: Program, simulator: SimulatorMaker, version: int) -> None:
    """Only what was still to be sent is sent; nothing of what was created, rejected or in doubt is touched."""
    unpack(program, version)
    server = await simulator("--rate-limit", "0")
    before = read_csv(program.folder / "exported.csv")

    ended = await program(*RUN, "--base-url", server.url, env=CREDENTIALS)
    again = await program(*RUN, "--base-url", server.url, env=CREDENTIALS)

    state, rows = await server.state(), program.results()
    assert ended.code == again.code == 5
    assert ended.counts == again.counts == {"created": 5, "rejected": 1, "unknown": 2, "invalid": 1}
    assert rows[:6] == before[:6]
    assert [(row["status"], row["error_code"]) for row in rows[6:]] == [
        ("unknown", "interrupted"),
        ("created", ""),
        ("created", ""),
    ]
    assert state["conversations"]["made"] == state["messages"]["posted"] == 2
