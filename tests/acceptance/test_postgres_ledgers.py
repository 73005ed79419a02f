"""A job whose ledger is in a PostgreSQL database, as a user runs it; the server is a real one."""

import signal

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.postgres_server import address_of_session, postgres_server, query_postgres

pytestmark = pytest.mark.acceptance

PASSWORD = "an-invented-password"


def address(job: str) -> str:
    """Return the address of a job in the server of the tests, with a password that it does not ask for."""
    return f"{address_of_session()}&job={job}".replace("postgres@", f"postgres:{PASSWORD}@")


async def test_a_job_does_with_a_database_what_it_does_with_a_file(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Run, resume, look at it, write its results again, report and close; the password is shown nowhere."""
    program.write_customers("customers.csv", 20)
    twilio = await simulator()
    ledger = address("whole-job")
    run = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", ledger, "--rate", "0")
    target = ("--base-url", twilio.url)

    commands = [
        (*run, *target, "--limit", "5", "--yes"),
        (*run, *target, "--yes"),
        (*run, *target, "--yes"),
        ("status", ledger),
        ("export", ledger, "-o", "again.csv"),
        ("reconcile", ledger, *target),
        ("report", ledger),
        ("close", ledger, *target, "--yes"),
        ("status", "--json", ledger),
    ]
    ended = [await program("--log-level", "debug", *command, env=CREDENTIALS) for command in commands]

    assert [each.code for each in ended] == [8, 0, 0, 0, 0, 0, 0, 0, 0], [each.stderr for each in ended]
    assert len(await twilio.conversations()) == 20
    assert program.results("again.csv") == program.results()
    assert (program.folder / "whole-job.html").exists()
    assert PASSWORD not in "".join(each.stdout + each.stderr for each in ended)
    written = [path for path in program.folder.rglob("*") if path.is_file()]
    assert [path.name for path in written if PASSWORD.encode() in path.read_bytes()] == []
    stored = query_postgres(address_of_session(), "SELECT value FROM notes", schema="provisioner_whole-job")
    assert stored
    assert PASSWORD not in str(stored)


async def test_a_killed_run_is_taken_up_and_a_second_one_waits_its_turn(
    program: Program, simulator: SimulatorMaker
) -> None:
    """One run at a time; what the killed one had in flight is looked up, and no row is created twice."""
    program.write_customers("customers.csv", 15)
    twilio = await simulator()
    run = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", address("killed"), "--yes")
    target = ("--base-url", twilio.url, "--settle-delay", "0.1")

    running = await program.start(*run, *target, "--rate", "5/s", env=CREDENTIALS)
    await twilio.has_seen(4)
    second = await program(*run, *target, "--rate", "5/s", env=CREDENTIALS)
    running.signal(signal.SIGKILL)
    await running.end()
    after = await program(*run, *target, "--rate", "5/s", env=CREDENTIALS)

    assert second.code == 75, second.stderr
    assert after.counts == {"created": 15}, after.stderr
    assert len(await twilio.conversations()) == 15


async def test_a_run_goes_on_when_its_connection_to_the_database_is_back(
    program: Program, simulator: SimulatorMaker
) -> None:
    """It says that it waits and that it goes on; nothing is lost, and nothing is sent twice."""
    program.write_customers("customers.csv", 15)
    twilio = await simulator()
    run = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", address("cut"), "--yes")

    running = await program.start(*run, "--base-url", twilio.url, "--rate", "5/s", env=CREDENTIALS)
    await twilio.has_seen(5)
    query_postgres(
        address_of_session(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'provisioner'",
    )
    ended = await running.end()

    assert (ended.code, ended.counts) == (0, {"created": 15}), ended.stderr
    assert len(await twilio.conversations()) == 15
    assert '"event":"ledger.away"' in ended.stderr
    assert '"event":"ledger.back"' in ended.stderr


async def test_a_database_that_stays_away_ends_the_run_resumable(
    program: Program, simulator: SimulatorMaker
) -> None:
    """With 7, after ``--give-up``, and without a traceback; nothing is sent meanwhile."""
    program.write_customers("customers.csv", 100)
    twilio = await simulator()

    with postgres_server() as server:
        ledger = f"{server}&job=gone"
        run = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", ledger, "--yes")
        running = await program.start(
            *run, "--base-url", twilio.url, "--rate", "5/s", "--give-up", "1s", env=CREDENTIALS
        )
        await twilio.has_seen(5)
    ended = await running.end()

    assert ended.code == 7, ended.stderr
    assert "the connection was lost" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(await twilio.conversations()) < 50


async def test_a_file_does_not_load_what_a_database_needs(program: Program) -> None:
    """The extra is loaded for its addresses only."""
    program.write_customers("customers.csv", 2)
    script = (
        "import sys; from provisioner.cli.main import main; code = main(sys.argv[1:]);"
        "print(code, 'asyncpg' in sys.modules)"
    )
    command = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--simulate")
    ended = await Program(program.folder, program.env, ("-c", script))(*command, env=CREDENTIALS)

    assert ended.stdout.splitlines()[-1] == "0 False"
