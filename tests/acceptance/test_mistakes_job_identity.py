"""Mistakes about which job this is: a lost ledger, an input that was sent before, the wrong input for a job."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.mistakes import refused
from tests.acceptance.program import CREDENTIALS, Program, read_csv
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = pytest.mark.acceptance

ROWS = 12
JOB = ("customers.csv", "-o", "results.csv", "--key", "crm_id")
QUICK = ("--rate", "400/s")
SIMULATED = (*JOB, *QUICK, "--simulate")
LEDGER = "results.csv.ledger"


async def has_run(program: Program, *typed: str) -> None:
    """Run a simulated job of twelve customers to its end."""
    program.write_customers("customers.csv", ROWS)
    assert (await program("run", *SIMULATED, *typed)).code == 0


def make_real(ledger: Path) -> None:
    """Let a ledger say that its rows are at Twilio."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute(
            """
            UPDATE manifest
            SET value = json_set(value, '$.target', 'Twilio', '$.account', ?, '$.address_sid', ?)
            WHERE name = 'settings'
            """,
            (CREDENTIALS["TWILIO_ACCOUNT_SID"], CREDENTIALS["PROVISIONER_ADDRESS_SID"]),
        )


def created(results: Path) -> Sequence[tuple[str, str]]:
    """Return key and conversation of each created row."""
    return [(row["key"], row["conversation_sid"]) for row in read_csv(results) if row["status"] == "created"]


async def test_results_without_their_ledger_are_not_sent_again(program: Program) -> None:
    """Exit 2 names both files and the three ways on; with --new-job the old results are kept, and it resumes."""
    await has_run(program)
    results = program.folder / "results.csv"
    before = results.read_bytes()
    (program.folder / LEDGER).rename(program.folder / "home" / LEDGER)

    await refused(
        program,
        *("run", *SIMULATED, "--yes"),
        env={},
        says=[
            *("error: results.csv is there, and its ledger results.csv.ledger is not", "\n"),
            *("put results.csv.ledger back", "--rebuild-from results.csv", "--new-job"),
        ],
    )
    begun = await program("run", *SIMULATED, "--new-job")
    again = await program("run", *SIMULATED, "--new-job")

    kept = list(program.folder.glob("results.before-*.csv"))
    assert begun.counts == again.counts == {"created": ROWS}
    assert [each.read_bytes() for each in kept] == [before]
    assert kept[0].name in begun.stdout
    assert results.read_bytes() != before
    assert "0 of 12 rows to send" in again.stderr


async def test_results_of_another_ledger_are_not_replaced(program: Program) -> None:
    """A ledger that does not know the created rows at -o is another one, or an old copy."""
    await has_run(program)
    (program.folder / LEDGER).rename(program.folder / "home" / LEDGER)
    await program("run", *SIMULATED, "--new-job")
    (program.folder / "home" / LEDGER).replace(program.folder / LEDGER)

    await refused(
        program,
        *("run", *SIMULATED),
        env={},
        says=["error: results.csv has created rows that results.csv.ledger does not know", "\n", "--new-job"],
    )


async def test_a_lost_ledger_is_made_again_from_its_results(program: Program, simulator: SimulatorMaker) -> None:
    """What is created stays so, an unknown row is found by the identity in the results, and the rest is sent."""
    server = await simulator("--fault", "reset_after_create=40", "--seed", "5", "--rate-limit", "0")
    program.write_customers("customers.csv", ROWS)
    typed = ("run", *JOB, *QUICK, "--base-url", server.url, "--settle-delay", "0.2")
    first = await program(*typed, "--on-unknown", "hold", "--limit", "9", env=CREDENTIALS)
    before = created(program.folder / "results.csv")
    (program.folder / LEDGER).unlink()

    rebuilding = (*typed, "--rebuild-from", "results.csv")
    held = await program(*rebuilding, "--on-unknown", "hold", "--limit", "1", env=CREDENTIALS)
    await program(*rebuilding, env=CREDENTIALS)
    ended = await program(*typed, env=CREDENTIALS)

    found = created(program.folder / "results.csv")
    assert first.counts["unknown"]
    assert "results.csv.ledger was rebuilt from results.csv" in held.stderr
    assert ended.counts == {"created": ROWS}
    assert set(before) <= set(found)
    assert sorted(sid for _, sid in found) == sorted(each["sid"] for each in await server.conversations())


async def test_a_ledger_is_made_again_of_what_belongs_together_only(program: Program) -> None:
    """Another input, a ledger that is there, a contradiction: nothing is made, and nothing is sent."""
    await has_run(program)
    rebuilding = ("--rebuild-from", "results.csv")
    await refused(
        program, "run", *SIMULATED, *rebuilding, says=["results.csv.ledger is there", "omit --rebuild-from"]
    )
    (program.folder / LEDGER).unlink()
    program.write_customers("others.csv", ROWS, first=500)

    await refused(
        program,
        *("run", "others.csv", *SIMULATED[1:], *rebuilding),
        says=[
            "results.csv and others.csv do not belong together: 0 of its 12 rows",
            "C-1",
            "C-500",
            "\n",
            "--key",
        ],
    )
    await refused(
        program,
        *("run", "customers.csv", "-o", "results.csv", "--simulate", *rebuilding),
        says=["do not belong together", "\n", "--key"],
    )
    await refused(
        program, *("run", *SIMULATED, *rebuilding, "--new-job"), says=["--new-job", "--rebuild-from", "omit one"]
    )


async def test_an_input_that_was_sent_to_twilio_is_not_sent_again_by_another_job(program: Program) -> None:
    """Exit 2 names the ledger, how many it created and when; only --new-job insists."""
    await has_run(program)
    make_real(program.folder / LEDGER)
    again = ("run", "customers.csv", "-o", "again.csv", "--key", "crm_id", "--yes", "--strict")

    await refused(
        program,
        *again,
        says=[
            *(
                "error: customers.csv was sent to this account already: results.csv.ledger has 12 rows created",
                "\n",
            ),
            *("-o results.csv", "provisioner status results.csv.ledger", "--new-job"),
        ],
    )
    passed = await program(*again, "--new-job", "--set", "pre_engagement_data={crm_id}", env=CREDENTIALS)

    assert passed.code == 3, passed.stderr  # every row is invalid, and with --strict none is sent


async def test_the_same_input_is_sent_again_on_this_machine_with_a_note(program: Program) -> None:
    """Rehearsals, dated names and load tests go on as ever, and a run says which ledger has the input, too."""
    await has_run(program)

    dated = await program(*("run", *JOB[:2], "night-{date}-{time}.csv", *JOB[3:], *QUICK, "--simulate"))
    load = await program(*("load", *JOB[:2], "load.csv", *JOB[3:], *QUICK, "--simulate"))
    resumed = await program("run", *SIMULATED)

    assert (dated.code, load.code, resumed.code) == (0, 0, 0)
    assert "customers.csv was sent on this machine already: results.csv.ledger has 12 rows created" in dated.stderr
    assert "already" not in load.stderr + resumed.stderr


async def test_the_wrong_input_for_a_job_is_not_sent(program: Program) -> None:
    """Exit 2 names keys of both and what may be meant; --replace-input insists, and vanished rows are exported."""
    await has_run(program)
    program.write_customers("others.csv", ROWS, first=500)
    wrong = ("run", "others.csv", *SIMULATED[1:])
    first = created(program.folder / "results.csv")

    await refused(
        program,
        *(*wrong, "--yes"),
        env={},
        says=[
            *("error: others.csv looks like another job's input: 0 of the 12 rows", "results.csv.ledger"),
            *("C-1, C-2, C-3", "C-500, C-501, C-502", "\n", "-o of its own", "customers.csv", "--replace-input"),
        ],
    )
    header = (program.folder / "others.csv").read_bytes().partition(b"\n")[0] + b"\n"
    program.write("nothing.csv", header)
    await refused(
        program,
        *("run", "nothing.csv", *SIMULATED[1:], "--yes"),
        env={},
        says=[
            "nothing.csv has no row that could be sent, and 12 rows",
            "nothing has to be run",
            "--replace-input",
        ],
    )
    replaced = await program(*wrong, "--replace-input")
    exported = await program("export", LEDGER, "--vanished", "-o", "vanished.csv")
    back = await program("run", *SIMULATED)

    assert replaced.counts == {"created": ROWS}
    assert "--vanished" in replaced.stderr
    assert exported.code == 0
    assert created(program.folder / "vanished.csv") == first
    assert {row["row"] for row in read_csv(program.folder / "vanished.csv")} == {""}
    assert back.code == 0
    assert created(program.folder / "results.csv") == first


async def test_a_shorter_load_test_of_the_same_input_is_no_other_input(program: Program) -> None:
    """The uses that a cycled input makes of its records are no rows that are missing."""
    program.write_customers("customers.csv", 3)
    load = ("load", *JOB, "--simulate", "--rate", "40/s", "--cycle")

    long = await program(*load, "--duration", "1s")
    short = await program(*load, "--duration", "0.1s")

    assert (long.code, short.code) == (0, 0), short.stderr


async def test_the_same_file_read_in_another_way_creates_nobody_again(program: Program) -> None:
    """Without a key, a row that is read differently is another row: exit 2 says so before anything is sent."""
    names = ["Ana", "Bo", "Cleo", "Dan", "J\xf6rg", "Zo\xeb"]
    text = "\n".join(["CustomerFriendlyName", *names, ""])
    (program.folder / "customers.csv").write_bytes(text.encode("cp1252"))
    typed = ("run", "customers.csv", "-o", "results.csv", *QUICK, "--simulate", "--encoding")
    assert (await program(*typed, "cp1252")).code == 0

    await refused(
        program,
        *(*typed, "cp1251", "--yes"),
        env={},
        says=["customers.csv has not changed, but 2 rows", "--encoding", "--replace-input"],
    )
