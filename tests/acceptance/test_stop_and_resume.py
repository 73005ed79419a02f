"""Stopping in every way there is, and the same command again: nothing lost, nothing twice."""

import asyncio
import signal

import pytest

from tests.acceptance.program import CREDENTIALS, PATIENCE_S, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, error, failing, holding, keeping_silent, per_row

pytestmark = pytest.mark.acceptance

WELL_INTO_PLANNING = 2_000_000
"""Bytes in the ledger's log when a plan of 250,000 rows is well under way; its end has several times as many."""
RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id")


async def test_the_same_command_again_sends_nothing(program: Program, twilio: StubMaker) -> None:
    """A finished job stays finished: exit code 0, the same results, and not one request."""
    server = await twilio()
    program.write_customers("customers.csv", 5)
    command = (*RUN, "--base-url", server.url, "--rate", "200/s")

    first = await program(*command, env=CREDENTIALS)
    before = (program.folder / "results.csv").read_bytes()
    second = await program(*command, env=CREDENTIALS)

    assert (first.code, second.code) == (0, 0)
    assert first.counts == second.counts == {"created": 5}
    assert len(server.calls) == 5
    assert (program.folder / "results.csv").read_bytes() == before


async def test_results_that_were_deleted_are_written_again(program: Program, twilio: StubMaker) -> None:
    """The ledger has everything, so a lost results file costs one more run and no request."""
    server = await twilio()
    program.write_customers("customers.csv", 3)
    command = (*RUN, "--base-url", server.url, "--rate", "200/s")
    await program(*command, env=CREDENTIALS)
    before = (program.folder / "results.csv").read_bytes()

    (program.folder / "results.csv").unlink()
    await program(*command, env=CREDENTIALS)

    assert (program.folder / "results.csv").read_bytes() == before
    assert len(server.calls) == 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_drains_and_the_same_command_goes_on(
    program: Program, simulator: SimulatorMaker, number: int, code: int
) -> None:
    """What flies is waited for, what waits is unsent, and afterwards every row is on the server exactly once."""
    server = await simulator("--rate-limit", "0", "--latency", "100ms")
    program.write_customers("customers.csv", 60)
    command = (*RUN, "--base-url", server.url, "--rate", "20/s")

    running = await program.start(*command, env=CREDENTIALS)
    await server.has_seen(10)
    running.signal(number)
    stopped = await running.end()
    created_by_then = (await server.state())["webchats"]["created"]
    finished = await program(*command, env=CREDENTIALS)

    assert stopped.code == code
    assert stopped.counts == {"created": created_by_then, "unsent": 60 - created_by_then}
    assert 10 <= created_by_then < 60
    assert stopped.stdout.startswith("stopped after ")
    next_line = f"next:    provisioner {' '.join(command)}"
    assert stopped.stdout.splitlines()[-1] == next_line
    assert (finished.code, finished.counts) == (0, {"created": 60})
    names = [each["customer_friendly_name"] for each in await server.conversations()]
    assert sorted(names) == sorted(f"Customer {number}" for number in range(1, 61))


async def test_a_stopped_run_leaves_whole_results(program: Program, twilio: StubMaker) -> None:
    """Rows whose turn did not come are unsent, with a code of our own, each on its line."""
    server = await twilio()
    program.write_customers("customers.csv", 20)
    running = await program.start(*RUN, "--base-url", server.url, "--rate", "8/s", env=CREDENTIALS)

    await server.called(3)
    running.signal(signal.SIGINT)
    ended = await running.end()

    rows = program.results()
    unsent = [row for row in rows if row["status"] == "unsent"]
    assert [row["row"] for row in rows] == [str(number) for number in range(1, 21)]
    assert ended.counts == {"created": len(server.calls), "unsent": len(unsent)}
    assert {(row["error_code"], row["attempts"]) for row in unsent} == {("stopped", "0")}


@pytest.mark.parametrize("impatience", ["second signal", "--drain 0.3"])
async def test_who_waits_no_longer_leaves_unknown_rows_that_are_never_resent(
    program: Program, twilio: StubMaker, impatience: str
) -> None:
    """A second signal, and the end of --drain, give up what flies: it is unknown, and stays so."""
    server = await twilio(per_row({"Customer 2": lambda _twilio, _call: keeping_silent}))
    program.write_customers("customers.csv", 3)
    drain = impatience.split() if impatience.startswith("--") else []
    command = (*RUN, "--base-url", server.url, "--rate", "20/s", "--on-unknown", "hold", *drain)

    running = await program.start(*command, env=CREDENTIALS)
    await server.called(3)
    running.signal(signal.SIGTERM)
    if not drain:
        await running.says("stopping: ")
        running.signal(signal.SIGTERM)
    stopped = await running.end()
    again = await program(*command, env=CREDENTIALS)

    assert stopped.counts == {"created": 2, "unknown": 1}
    assert [row["status"] for row in program.results()] == ["created", "unknown", "created"]
    assert (again.code, again.counts) == (5, {"created": 2, "unknown": 1})
    assert server.names == ["Customer 1", "Customer 2", "Customer 3"]


async def test_a_killed_run_is_taken_up_without_sending_anything_twice(
    program: Program, simulator: SimulatorMaker
) -> None:
    """After kill -9 only what was in flight is unknown; looked up, it is created as well, and nothing twice."""
    server = await simulator("--rate-limit", "0", "--latency", "50ms")
    program.write_customers("customers.csv", 60)
    command = (*RUN, "--base-url", server.url, "--rate", "60/s", "--concurrency", "4", "--settle-delay", "0.2")

    for goal in (15, 35):
        running = await program.start(*command, "--rate", "10/s", "--on-unknown", "hold", env=CREDENTIALS)
        await server.has_seen(goal)
        running.process.kill()
        assert (await running.end()).code == -signal.SIGKILL
    held = await program(*command, "--on-unknown", "hold", env=CREDENTIALS)
    names = [each["customer_friendly_name"] for each in await server.conversations()]
    rows = program.results()
    ended = await program(*command, env=CREDENTIALS)

    assert held.code == 5
    assert held.counts["created"] + held.counts["unknown"] == 60
    assert 1 <= held.counts["unknown"] <= 8
    assert len(names) == len(set(names))
    created = {f"Customer {row['row']}" for row in rows if row["status"] == "created"}
    unknown = {f"Customer {row['row']}" for row in rows if row["status"] == "unknown"}
    assert created <= set(names) <= created | unknown
    assert {row["error_code"] for row in rows if row["status"] == "unknown"} == {"interrupted"}
    assert (ended.code, ended.counts) == (0, {"created": 60})
    kept = {each["sid"]: each["customer_friendly_name"] for each in await server.conversations()}
    assert sorted(kept.values()) == sorted(f"Customer {number}" for number in range(1, 61))
    assert {row["conversation_sid"] for row in program.results()} == set(kept)


async def test_only_one_run_at_a_time_holds_a_ledger(program: Program, twilio: StubMaker) -> None:
    """A second run of the same job ends with 75 at once, and the first does not notice."""
    is_over = asyncio.Event()
    server = await twilio(holding(is_over))
    program.write_customers("customers.csv", 20)
    command = (*RUN, "--base-url", server.url, "--rate", "0", "--timeout", "600")

    running = await program.start(*command, env=CREDENTIALS)
    await server.called(1)
    second = await program(*command, env=CREDENTIALS)
    is_over.set()
    first = await running.end()

    assert second.code == 75
    assert "is in use by process" in second.stderr
    assert (first.code, first.counts) == (0, {"created": 20})
    assert len(server.calls) == 20


async def test_status_and_export_look_on_while_it_runs_and_after_it_died(
    program: Program, twilio: StubMaker
) -> None:
    """Both read the ledger beside a run without disturbing it, and after kill -9 they tell what is known."""
    server = await twilio(holding(asyncio.Event(), after=10))
    program.write_customers("customers.csv", 100)
    command = (*RUN, "--base-url", server.url, "--rate", "20/s", "--timeout", "600")
    running = await program.start(*command, env=CREDENTIALS)
    await server.called(12)

    live = await program("status", "results.csv.ledger", "--json")
    exported = await program("export", "results.csv.ledger", "-o", "live.csv")
    running.process.kill()
    await running.end()
    dead = await program("status", "results.csv.ledger", "--json")
    again = await program("export", "results.csv.ledger", "-o", "dead.csv")

    assert live.summary["is_running"]
    assert not dead.summary["is_running"]
    assert 8 <= live.summary["created"] <= dead.summary["created"]
    assert live.summary["input"] == dead.summary["input"] == 100
    assert (live.code, exported.code, dead.code, again.code) == (0, 0, 0, 0)
    assert len(program.results("live.csv")) == 100
    assert program.statuses("dead.csv").count("created") == dead.summary["created"]
    assert set(program.statuses("dead.csv")) == {"created", "unknown", "unsent"}
    assert exported.counts["created"] >= live.summary["created"]


async def test_rejected_rows_are_left_alone_until_asked_for(program: Program, twilio: StubMaker) -> None:
    """A refusal stands on every further run, and --retry rejected sends those rows and no other."""
    server = await twilio(per_row({"Customer 2": failing(400, 45745)}))
    program.write_customers("customers.csv", 3)
    command = (*RUN, "--base-url", server.url, "--rate", "200/s")

    first = await program(*command, env=CREDENTIALS)
    second = await program(*command, env=CREDENTIALS)
    server.script = lambda twilio, call: twilio.create(call)
    third = await program(*command, "--retry", "rejected", env=CREDENTIALS)

    assert first.counts == second.counts == {"created": 2, "rejected": 1}
    assert (first.code, second.code, third.code) == (4, 4, 0)
    assert third.counts == {"created": 3}
    assert server.names == ["Customer 1", "Customer 2", "Customer 3", "Customer 2"]
    assert {row["attempts"] for row in program.results()} == {"1", "2"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("--address-sid", "IG" + 32 * "b"), "address_sid"),
        (("--key", "CustomerFriendlyName"), "key"),
        (("--simulate",), "account"),
        (("--base-url", "https://twilio.invalid"), "target"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else value,
)
async def test_the_ledger_of_another_job_is_refused(
    program: Program, twilio: StubMaker, changed: tuple[str, ...], words: str
) -> None:
    """Another address, mapping, key, account or Twilio is another job: it is named, and nothing is sent."""
    program.write_customers("customers.csv", 2)
    command = ("run", "customers.csv", "-o", "results.csv", "--rate", "200/s", "--limit", "1")
    env = {**CREDENTIALS, "PROVISIONER_RUN_BASE_URL": (await twilio()).url}
    await program(*command, env=env)
    before = (program.folder / "results.csv").read_bytes()
    other = {"PROVISIONER_RUN_BASE_URL": ""} if changed[0] == "--simulate" else {}

    ended = await program(*command, *changed, env=env | other)

    assert ended.code == 2
    assert words in ended.stderr
    assert "another job" in ended.stderr
    assert (program.folder / "results.csv").read_bytes() == before


async def test_an_edited_input_is_planned_by_its_keys(program: Program, twilio: StubMaker) -> None:
    """New rows are sent, moved ones are known, vanished and changed ones are reported and left alone."""
    server = await twilio()
    program.write("customers.csv", "crm_id,CustomerFriendlyName\n1,Ana\n2,Bo\n3,Cy\n")
    command = (*RUN, "--base-url", server.url, "--rate", "200/s")
    await program(*command, env=CREDENTIALS)

    program.write("customers.csv", "crm_id,CustomerFriendlyName\n4,Dee\n3,Cy\n2,Beau\n")
    ended = await program(*command, env=CREDENTIALS)

    assert ended.counts == {"created": 3}
    assert "1 row of an earlier run is no longer in the input" in ended.stderr
    assert "1 row has changed since being sent" in ended.stderr
    assert [(row["row"], row["key"], row["status"]) for row in program.results()] == [
        ("1", "4", "created"),
        ("2", "3", "created"),
        ("3", "2", "created"),
    ]
    assert server.names == ["Ana", "Bo", "Cy", "Dee"]


async def test_a_signal_while_planning_sends_nothing_and_says_so(program: Program, twilio: StubMaker) -> None:
    """Ctrl-C during the first pass is no success: nothing was sent, the results stay, the command goes on."""
    server = await twilio()
    program.write_customers("customers.csv", 250_000)
    program.write("results.csv", "what was there before")
    command = (*RUN, "--overwrite", "--base-url", server.url)
    running = await program.start("--log-level", "error", *command, "--yes", env=CREDENTIALS)
    log = program.folder / "results.csv.ledger-wal"
    async with asyncio.timeout(PATIENCE_S):
        while not (log.exists() and log.stat().st_size > WELL_INTO_PLANNING):  # noqa: ASYNC110 - the program writes it
            await asyncio.sleep(0.005)

    running.signal(signal.SIGINT)
    ended = await running.end()

    assert ended.code == 130
    assert "nothing was sent" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("next:    provisioner ")
    assert server.calls == []
    assert (program.folder / "results.csv").read_text() == "what was there before"


def throttled_for_all(_twilio: StubTwilio, _call: Call) -> Answer:
    """Answer 429 and ask for a long pause."""
    return error(429, 45780, "Retry-After: 60")


async def test_a_signal_ends_a_pause_at_once(program: Program, twilio: StubMaker) -> None:
    """A run that waits for Twilio's limit stops when it is told to, not when the pause is over."""
    server = await twilio(throttled_for_all)
    program.write_customers("customers.csv", 5)
    running = await program.start(*RUN, "--base-url", server.url, "--rate", "200/s", env=CREDENTIALS)

    await server.called(1)
    running.signal(signal.SIGTERM)
    ended = await running.end()

    assert ended.code == 143
    assert ended.counts == {"unsent": 5}
