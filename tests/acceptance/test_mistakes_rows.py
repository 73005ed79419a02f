"""Invalid rows, a preview and a planned end, typed as a user types them: what is said, and what to type next."""

import shlex

import pytest

from tests.acceptance.mistakes import refused
from tests.acceptance.program import CREDENTIALS, Ended, Program, lines_of
from tests.stub_twilio import StubMaker

pytestmark = pytest.mark.acceptance

TWINS = "crm_id,Name\n1,Ana\n1,Bo\n2,Cy\n"
NAMED = ("--key", "crm_id", "--set", "customer_friendly_name={Name}")


def next_command(ended: Ended) -> list[str]:
    """Return the arguments of the command that an end names, without the program's name."""
    (line,) = lines_of(ended.stdout, "next:")
    return shlex.split(line.removeprefix("next:"))[1:]


async def test_a_check_without_an_address_tells_everything_else(program: Program) -> None:
    """Verdict, where each field comes from, rows; the exit code is that of a missing option."""
    program.write("customers.csv", TWINS)

    ended = await refused(
        program,
        *("check", "customers.csv", *NAMED),
        says=["error: nothing gives the Conversations Address", "give --address-sid IG…"],
        env={},
    )

    lines = ended.stdout.splitlines()
    assert lines[0] == "ready but for the address: --address-sid IG…; 1 row is invalid"
    assert any(line.startswith("customer_friendly_name") and "column 'Name' (--set)" in line for line in lines)
    assert "rows 3 = valid 2 + invalid 1" in lines
    assert "Ana" not in ended.stdout


async def test_strict_names_the_command_that_lists_the_invalid_rows(program: Program, twilio: StubMaker) -> None:
    """The same command would fail again; what next: names lists every row and why."""
    server = await twilio()
    program.write("customers.csv", TWINS)
    command = ("run", "customers.csv", "-o", "results.csv", *NAMED, "--base-url", server.url)

    strict = await program(*command, "--strict", env=CREDENTIALS)
    listed = await program(*next_command(strict), env=CREDENTIALS)
    ended = await program(*command, env=CREDENTIALS)

    why = "note:    1 row invalid: key: the same key as row 1 (line 2) (row 2)"
    assert (strict.code, ended.code) == (3, 4)
    assert (why in strict.stdout, why in ended.stdout) == (True, True)
    assert (listed.code, "customers.csv, line 3, row 2: key: the same key as row 1" in listed.stdout) == (4, True)
    assert sorted(server.names) == ["Ana", "Cy"]


async def test_what_follows_a_planned_end_goes_on_without_the_limit(program: Program, twilio: StubMaker) -> None:
    """Whether the limit was typed, or the environment or a configuration file gives it."""
    server = await twilio()
    program.write_customers("customers.csv", 9)
    program.write("night.toml", "[run]\nlimit = 3\n")
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s")
    env = {**CREDENTIALS, "PROVISIONER_RUN_MAX_DURATION": "0.01s"}

    timed = await program(*command, env=env)
    by_time = next_command(timed)
    typed = await program(*command, "--limit=2", env=CREDENTIALS)
    set_by_file = await program("--config", "night.toml", *command, env=CREDENTIALS)
    finished = await program(*next_command(set_by_file), env=CREDENTIALS)

    assert [each.code for each in (timed, typed, set_by_file, finished)] == [8, 8, 8, 0]
    assert by_time == [*command, "--max-duration", ""]
    assert next_command(typed) == [*command]
    assert next_command(set_by_file) == ["--config", "night.toml", *command, "--limit", "0"]
    assert "stopped as planned: --limit 2 was reached, " in typed.stdout
    assert sorted(server.names) == [f"Customer {number}" for number in range(1, 10)]
