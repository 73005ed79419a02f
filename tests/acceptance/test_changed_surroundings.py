"""Kills at the rename, clocks set back, inputs edited between runs: nothing lost, nothing twice."""

import random
import signal
import time

import pytest

from tests.acceptance.jobs import Job
from tests.acceptance.program import CREDENTIALS, ROOT, Program, read_csv
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = pytest.mark.acceptance

DYING = """import os, pathlib, signal
replace = pathlib.Path.replace
def dying(draft, target):
    {before}
    replace(draft, target)
    os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.replace = dying
"""
AT_ONCE = "os.kill(os.getpid(), signal.SIGKILL)"
CLOCK = """import itertools, time
real, calls = time.time, itertools.count()
time.time = lambda: real() + ({before} if next(calls) < {switch} else {after})
"""
DAY_S = 86_400


def prelude(program: Program, name: str, lines: str) -> dict[str, str]:
    """Return an environment in which Python carries out ``lines`` before the program."""
    folder = program.folder / name
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(lines)
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


async def test_a_kill_at_the_rename_leaves_old_or_new_results(program: Program, simulator: SimulatorMaker) -> None:
    """A reader finds the old file until the new one is there whole; what kills left goes with the next run."""
    job = Job(program, await simulator("--rate-limit", "0"), rows=10)
    before = prelude(program, "before", DYING.format(before=AT_ONCE))
    after = prelude(program, "after", DYING.format(before=""))
    await job.run("--limit", "1")
    old = job.results.read_bytes()

    codes = [(await job.run(env=before)).code for _ in range(2)]
    kept = job.results.read_bytes()
    drafts = list(job.results.parent.glob(".results*.draft"))
    codes.append((await job.run(env=after)).code)
    new = [row["status"] for row in read_csv(job.results)]

    assert codes == 3 * [-signal.SIGKILL]
    assert kept == old
    assert len(drafts) == 1
    assert new == 10 * ["created"]
    assert len(await job.created()) == 10
    await job.comes_to_a_good_end()
    assert list(job.results.parent.glob(".results*")) == []


async def test_kills_at_any_moment_never_leave_half_a_file(program: Program, simulator: SimulatorMaker) -> None:
    """An export that is killed over and over leaves whole results, and one draft at most."""
    job = Job(program, await simulator("--rate-limit", "0"), rows=3_000)
    await job.run("--limit", "1")
    old = job.results.read_bytes()
    moments = random.Random(7)

    for _ in range(6):
        running = await program.start("export", job.ledger.name, "-o", job.results.name)
        await running.worked(moments.uniform(0.08, 0.22))
        running.process.kill()
        await running.end()
        assert job.results.read_bytes() == old
        assert len(list(job.results.parent.glob(".results*.draft"))) <= 1

    await program("export", job.ledger.name, "-o", job.results.name)
    assert job.results.read_bytes() == old
    assert job.litter() == []


async def test_results_that_a_kill_kept_back_are_written_by_the_next_run(
    program: Program, simulator: SimulatorMaker
) -> None:
    """A run with nothing left to send still owes the results of the one that died before them."""
    job = Job(program, await simulator("--rate-limit", "0"), rows=5)
    await job.run("--limit", "1")
    await job.run(env=prelude(program, "before", DYING.format(before=AT_ONCE)))

    created = await job.created()
    told = [row["status"] for row in read_csv(job.results)]

    assert (len(created), told) == (5, ["created", *4 * ["unsent"]])
    await job.comes_to_a_good_end()


async def test_results_follow_what_a_look_up_settled(program: Program, simulator: SimulatorMaker) -> None:
    """Rows that reconcile found are created in the results of the next run, which has nothing else to do."""
    server = await simulator("--rate-limit", "0", "--fault", "reset_after_create=40", "--seed", "3")
    job = Job(program, server, flags=("--on-unknown", "hold"))
    held = await job.run()

    looked = await program(
        *("reconcile", job.ledger.name, "--base-url", server.url, "--settle-delay", "0.2"), env=CREDENTIALS
    )

    assert (held.code, held.counts["unknown"] > 0, looked.code) == (5, True, 0), looked.stderr
    await job.comes_to_a_good_end()


async def test_a_clock_that_was_set_back_between_runs_changes_nothing(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Though the killed run lived tomorrow, its rows are looked up and the others are sent."""
    server = await simulator("--rate-limit", "0", "--latency", "20ms")
    job = Job(program, server, flags=("--concurrency", "4"))
    wrong = prelude(program, "clock", CLOCK.format(before=0, switch=0, after=DAY_S))

    await job.kill_after(10, env=wrong)
    told = await program("status", job.ledger.name, "--json")
    (killed,) = told.summary["runs"]

    assert abs(killed["started"] - DAY_S - time.time()) < DAY_S / 2
    await job.comes_to_a_good_end()


async def test_a_clock_that_is_set_back_during_a_run_changes_nothing(
    program: Program, simulator: SimulatorMaker
) -> None:
    """The pace, the waits and the account go by what nobody can set."""
    job = Job(program, await simulator("--rate-limit", "0", "--latency", "5ms"))
    jump = prelude(program, "clock", CLOCK.format(before=0, switch=60, after=-DAY_S))

    ended = await job.run(env=jump)
    days = {row["settled_at"][:10] for row in read_csv(job.results)}

    assert len(days) == 2
    assert (ended.code, ended.counts) == (0, {"created": job.rows})
    await job.comes_to_a_good_end()


ONCE = "crm_id,CustomerFriendlyName\n1,Ana\n2,Bo\n3,Cy\n4,Dee\n"
EDITED = "crm_id,CustomerFriendlyName\n5,Eve\n4,Dee\n2,Beau\n1,Ana\n"


async def test_an_edited_input_without_a_key_sends_what_it_says_anew(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Rows moved and left alone are known by their content; a changed one is another row, and both are told."""
    server = await simulator("--rate-limit", "0")
    command = ("run", "people.csv", "-o", "people-results.csv", "--rate", "0", "--base-url", server.url)
    program.write("people.csv", ONCE)
    await program(*command, env=CREDENTIALS)

    program.write("people.csv", EDITED)
    ended = await program(*command, env=CREDENTIALS)

    names = [each["customer_friendly_name"] for each in await server.conversations()]
    assert sorted(names[:4]) == ["Ana", "Bo", "Cy", "Dee"]
    assert sorted(names[4:]) == ["Beau", "Eve"]
    assert "2 rows of an earlier run are no longer in the input" in ended.stderr
    assert (ended.code, ended.counts) == (0, {"created": 4})
