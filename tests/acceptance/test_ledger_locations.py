"""Where a ledger may be: at no address, whose password is told nowhere, and away from everything else of a job."""

from collections.abc import Sequence

import pytest

from tests.acceptance.program import CREDENTIALS, Program

pytestmark = pytest.mark.acceptance

PASSWORD = "an-invented-p@ssword"
ADDRESS = f"mysql://ada:{PASSWORD}@db.example/provisioner?job=spring&sslpassword={PASSWORD}"
JOB = ("customers.csv", "-o", "results.csv", "--key", "crm_id", "--simulate", "--ledger", ADDRESS)
COMMANDS: Sequence[Sequence[str]] = (
    ("run", *JOB),
    ("run", *JOB, "--json"),
    ("load", *JOB, "--rate", "5/s"),
    ("status", ADDRESS),
    ("export", ADDRESS, "-o", "exported.csv"),
    ("reconcile", ADDRESS),
    ("close", ADDRESS, "--simulate", "--yes"),
    ("report", ADDRESS, "-o", "page.html"),
)


async def test_a_ledger_at_an_address_of_another_kind_is_refused_without_its_password(program: Program) -> None:
    """With exit code 2 and what to do, before anything is read or written; the log stays as silent."""
    program.write_customers("customers.csv", 2)
    before = sorted(path.name for path in program.folder.iterdir())

    for command in COMMANDS:
        ended = await program("--log-level", "debug", *command, env=CREDENTIALS)

        told = ended.stdout + ended.stderr
        assert ended.code == 2, (command, told)
        assert "ada:***@db.example/provisioner" in told, (command, told)
        assert "not one of PostgreSQL" in told, (command, told)
        assert "p@ssword" not in told, (command, told)
        assert sorted(path.name for path in program.folder.iterdir()) == before, command


async def test_stdin_needs_no_room_where_the_ledger_is(program: Program) -> None:
    """It is kept aside beside the results, so a folder that is not there is a fault of the ledger's name alone."""
    ended = await program(
        *("run", "-", "-o", "results.csv", "--ledger", "gone/job.ledger", "--key", "crm_id", "--simulate"),
        env=CREDENTIALS,
        stdin=b"crm_id,CustomerFriendlyName\nC-1,Ada\n",
    )

    assert ended.code == 2
    assert "the folder gone is not there" in ended.stderr
