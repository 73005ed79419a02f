"""A job whose input is at an address, as a user runs it."""

import asyncio

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.raw_server import Visit, answering, raw_server, reply
from tests.tls import Authority

pytestmark = pytest.mark.acceptance

CSV = b"crm_id,CustomerFriendlyName,address_sid\nC-1,Ada,\nC-2,Grace,wrong\n"
SECRET = "an-invented-signature"


async def test_a_job_at_an_address_runs_and_resumes_and_keeps_no_secret(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """The same bytes are the same job under a new signature, and as a file; no signature is stored or shown."""
    program = program.trusting(authority.bundle)
    twilio = await simulator()
    run = ("--key", "crm_id", "-o", "results.csv", "--base-url", twilio.url, "--failed", "failed.csv")

    async with raw_server(answering(reply(200, CSV)), tls=authority.server()) as server:
        address = f"{server.url}/export.csv?sig={SECRET}"
        check = await program("check", address, "--key", "crm_id", env=CREDENTIALS)
        first = await program("run", address, *run, env=CREDENTIALS)
        again = await program("run", f"{address}-renewed", *run, env=CREDENTIALS)
        status = await program("status", "results.csv.ledger")
        export = await program("export", "results.csv.ledger", "-o", "again.csv", "--include-input")
        whole = await program(
            "export", "results.csv.ledger", "-o", "again.csv", "--include-input", "--input", f"{address}-third"
        )
        refused = await program("run", address, "--rate", "none", *run, env=CREDENTIALS)

    shown = f"{server.url}/export.csv?***"
    assert first.counts == {"created": 1, "invalid": 1}
    assert again.counts == {"created": 1, "invalid": 1}
    assert len(await twilio.conversations()) == 1
    assert [row["source"] for row in program.results()] == [shown, shown]
    assert (program.folder / "failed.csv").read_bytes().count(b"C-2") == 1
    assert f"'{shown}'" in first.stdout + first.stderr
    assert shown in status.stdout
    assert (export.code, refused.code) == (2, 2)
    assert "has *** in place of a secret" in export.stderr
    assert whole.code == 0, whole.stderr
    assert b",Grace," in (program.folder / "again.csv").read_bytes()
    kept = f"note: {shown}: what *** hides is not kept: give the whole address again when the job goes on"
    assert all(kept in " ".join((each.stdout + each.stderr).split()) for each in (check, first))
    told = "".join(each.stdout + each.stderr for each in (check, first, again, status, export, whole, refused))
    assert SECRET not in told
    written = [path for path in program.folder.rglob("*") if path.is_file()]
    assert [path.name for path in written if SECRET.encode() in path.read_bytes()] == []

    program.write("export.csv", CSV)
    before = await program("run", "export.csv", *run[:2], "-o", "other.csv", *run[4:6], env=CREDENTIALS)
    assert "was sent on this machine already" in before.stdout + before.stderr


async def test_an_interrupt_ends_a_download_that_does_not_end(program: Program, authority: Authority) -> None:
    """Nothing was begun, so the program ends at once with the code of the signal."""
    program = program.trusting(authority.bundle)
    asked = asyncio.Event()

    async def hold(visit: Visit) -> None:
        await visit.read_request()
        asked.set()
        await asyncio.Event().wait()

    async with raw_server(hold, tls=authority.server()) as server:
        running = await program.start("check", f"{server.url}/export.csv")
        await asked.wait()
        running.signal(2)
        ended = await running.end()

    assert ended.code == 130


async def test_a_file_does_not_load_what_addresses_need(program: Program) -> None:
    """The extra is loaded for its inputs only."""
    program.write_customers("customers.csv", 2)
    script = (
        "import sys; from provisioner.cli.main import main; code = main(sys.argv[1:]);"
        "print(code, 'fsspec' in sys.modules, 'aiohttp' in sys.modules)"
    )
    ended = await Program(program.folder, program.env, ("-c", script))("check", "customers.csv", env=CREDENTIALS)

    assert ended.stdout.splitlines()[-1] == "0 False False"
