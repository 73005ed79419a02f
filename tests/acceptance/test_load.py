"""Load tests: rows arrive by a schedule, are used once, and are judged by exact figures."""

import asyncio
import signal
from collections.abc import Iterable, Sequence
from statistics import median

import pytest

from provisioner.ledger import LedgerLocation, open_reader
from provisioner.load import Arrivals, steady
from tests.acceptance.program import ADDRESS, CREDENTIALS, Program, lines_of
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.prometheus_text import parse

pytestmark = pytest.mark.acceptance

CLOCKS_S = 0.005
"""Seconds by which two readings of one clock may differ that were made in different ways."""
MOST = 0.9
"""Share of the moments that have to agree: a busy machine may stop a process between its two readings."""
LOAD = ("load", "customers.csv", "-o", "results.csv", "--key", "crm_id")


async def due_times(program: Program, server: Simulator, results: str = "results.csv") -> list[float]:
    """Return when rows were due, in seconds from the first, of a test whose rows came no earlier than that.

    A busy machine makes rows late, and late by how much is told; when they are due it cannot change.
    """
    with open_reader(LedgerLocation(program.folder / f"{results}.ledger")) as reader:
        dues = sorted(each.due for each in reader.attempts("create") if each.due is not None)
    moments: list[float] = (await server.state())["arrivals"]
    assert agree(
        (moment > due - CLOCKS_S for moment, due in zip(sorted(moments), dues, strict=True)), of=len(dues)
    )
    return [due - dues[0] for due in dues]


def agree(answers: Iterable[bool], *, of: int) -> bool:
    """Say whether most answers are yes."""
    return sum(answers) >= MOST * of


def are_at(moments: Sequence[float], expected: Sequence[float]) -> bool:
    """Say whether most moments are as far from each other as those that are expected, and as many.

    They are compared from their middle difference: the process may have been stopped at the first one, too.
    """
    off = [moment - other for moment, other in zip(moments, expected, strict=True)]
    return agree((abs(each - median(off)) <= CLOCKS_S for each in off), of=len(expected))


async def test_every_row_is_sent_once_and_rows_that_are_used_up_end_the_test(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Without a duration the test lasts as long as there are rows; both latencies and the rate are told."""
    server = await simulator("--rate-limit", "0", "--latency", "30ms")
    program.write_customers("customers.csv", 40)

    ended = await program(*LOAD, "--base-url", server.url, "--rate", "40/s", "--json", env=CREDENTIALS)

    dues, made = await due_times(program, server), await server.conversations()
    told = ended.summary
    assert (ended.code, told["offered"], told["created"]) == (0, 40, 40)
    assert len({each["identity"] for each in made}) == len(made) == 40
    after_the_canary = [due - dues[1] for due in dues[1:]]
    assert are_at(after_the_canary, [place / 40 for place in range(39)])
    assert 0 < told["achieved"] < 1.1
    create = told["steps"]["create"]
    assert (create["requests"], create["succeeded"], create["failures"]) == (40, 40, {})
    assert 0.03 <= create["from_sent"]["p50"] <= create["from_due"]["max"]
    assert told["most_in_flight"] >= 1
    assert told["bytes_sent"] > 0


async def test_time_that_is_up_ends_the_test_though_rows_remain(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Exit code 0, the rest stays for another time, and the same command takes the next ones."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 50)
    command = (*LOAD, "--base-url", server.url, "--rate", "20/s", "--duration", "1s")

    first = await program(*command, env=CREDENTIALS)
    second = await program(*command, env=CREDENTIALS)

    assert (first.code, first.counts) == (0, {"created": 20, "unsent": 30})
    assert "offered 20 rows, achieved " in first.stdout
    assert "note:    the schedule is over, and 30 rows were not due" in first.stdout
    assert lines_of(first.stdout, "next:") == []
    assert (second.code, second.counts) == (0, {"created": 40, "unsent": 10})
    assert len(await server.conversations()) == 40


async def test_a_limit_ends_the_test_as_planned(program: Program, simulator: SimulatorMaker) -> None:
    """Exit code 8, rows wait behind the limit, conditions are measured, and the next command has no limit."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 20)
    judged = ("--fail-if", "achieved < 1%")
    command = (*LOAD, "--base-url", server.url, "--rate", "20/s", "--limit", "5", *judged)

    ended = await program(*command, env=CREDENTIALS)

    assert (ended.code, ended.counts) == (8, {"created": 5, "unsent": 15})
    assert "\nstopped as planned after " in ended.stdout
    assert "offered 5 rows, achieved " in ended.stdout
    assert "ok  achieved " in ended.stdout
    assert "note:    stopped as planned: --limit 5 was reached, 15 rows wait" in ended.stdout
    assert "the schedule is over" not in ended.stdout
    assert len(lines_of(ended.stdout, "next:")) == 1
    assert "--limit" not in lines_of(ended.stdout, "next:")[0]


async def test_a_condition_without_a_figure_is_not_ok(program: Program, simulator: SimulatorMaker) -> None:
    """Not of messages that nobody has, and not of a test whose rows are all created: a note says why."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 3)
    judged = ("--fail-if", "p95(message.due) > 2s", "--fail-if", "p95(create.due) > 2m")
    command = (*LOAD, "--base-url", server.url, "--rate", "20/s", *judged)

    first = await program(*command, env=CREDENTIALS)
    second = await program(*command, env=CREDENTIALS)
    told = (await program("status", "results.csv", "--json")).summary

    assert (first.code, second.code) == (0, 0)
    assert "-  p95(message.due) not measured (fails above 2 s)" in first.stdout
    assert "ok  p95(create.due) " in first.stdout
    assert "note:    1 condition was not measured, because no first message was posted\n" in first.stdout
    assert "\nok" not in second.stdout
    assert (
        "note:    2 conditions were not measured, because nothing was sent in this run: every row was created "
        "before; use another -o, or --cycle"
    ) in second.stdout
    assert [each["passed"] for each in told["thresholds"]] == [None, None]


async def test_stages_ramp_and_step(program: Program, simulator: SimulatorMaker) -> None:
    """In a ramp from nothing to 20 a second ten rows come in a second; a step stands from its start."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 60)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--canary", "0", "--stage", "1s:20/s", "--stage", "1s:=30/s"),
        env=CREDENTIALS,
    )

    ramp = [due for due in await due_times(program, server) if due < 0.98]
    assert (ended.code, ended.counts) == (0, {"created": 40, "unsent": 20})
    assert len(ramp) in {9, 10, 11}
    assert sum(due < 0.5 for due in ramp) < sum(due >= 0.5 for due in ramp)


async def test_poisson_arrivals_are_those_of_their_seed(program: Program, simulator: SimulatorMaker) -> None:
    """When rows are due is drawn from the seed, and another seed draws otherwise."""
    servers = [await simulator("--rate-limit", "0") for _ in range(2)]
    program.write_customers("customers.csv", 100)
    flags = ("--rate", "40/s", "--duration", "1s", "--arrivals", "poisson", "--canary", "0", "--seed")

    ends = await asyncio.gather(
        *(
            program(*LOAD, "-o", f"{seed}.csv", "--base-url", server.url, *flags, seed, env=CREDENTIALS)
            for server, seed in zip(servers, ("7", "8"), strict=True)
        )
    )

    seen = [await due_times(program, server, f"{seed}.csv") for server, seed in zip(servers, (7, 8), strict=True)]
    expected = [list(Arrivals(steady(40, 1), seed).times()) for seed in (7, 8)]
    assert [ended.code for ended in ends] == [0, 0]
    assert [len(each) for each in seen] == [len(each) for each in expected]
    assert all(
        are_at(own, [moment - drawn[0] for moment in drawn]) for own, drawn in zip(seen, expected, strict=True)
    )
    assert expected[0] != expected[1]


async def test_going_round_makes_a_new_customer_of_every_use(program: Program, simulator: SimulatorMaker) -> None:
    """--cycle uses rows again under keys with ``#2`` and identities of their own; the results have each use."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 3)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "20/s", "--duration", "0.35s", "--cycle"), env=CREDENTIALS
    )

    results = program.results()
    assert (ended.code, ended.counts) == (0, {"created": 7})
    assert [row["key"] for row in results] == ["C-1", "C-2", "C-3", "C-1#2", "C-2#2", "C-3#2", "C-1#3"]
    assert [row["row"] for row in results] == [str(n) for n in range(1, 8)]
    assert len({row["identity"] for row in results}) == 7
    assert len({row["conversation_sid"] for row in results}) == 7


async def test_rows_from_stdin_go_round_too(program: Program, simulator: SimulatorMaker) -> None:
    """What can be read only once is kept beside the ledger for as long as it takes."""
    server = await simulator("--rate-limit", "0")
    flags = ("-o", "results.csv", "--key", "crm_id", "--base-url", server.url, "--rate", "20/s")

    ended = await program(
        *("load", "-", *flags, "--duration", "0.25s", "--cycle"),
        env=CREDENTIALS,
        stdin=b"crm_id,CustomerFriendlyName\nC-1,Ana\nC-2,Bo\n",
    )

    assert (ended.code, ended.counts) == (0, {"created": 5})
    assert sorted(path.name for path in program.folder.iterdir() if "spool" in path.name) == []


async def test_late_rows_are_sent_late_and_their_wait_is_told(program: Program, simulator: SimulatorMaker) -> None:
    """A server that is slower than the schedule gets every row all the same; the customers' wait is no secret."""
    server = await simulator("--rate-limit", "0", "--latency", "200ms")
    program.write_customers("customers.csv", 20)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "20/s", "--concurrency", "2", "--json"),
        *("--fail-if", "achieved < 95%"),
        env=CREDENTIALS,
    )

    told = ended.summary
    create = told["steps"]["create"]
    assert (ended.code, told["created"]) == (99, 20)
    assert create["late"] > 8
    assert create["from_due"]["max"] > 0.9
    assert create["from_sent"]["p50"] < create["from_due"]["p50"]
    assert told["achieved"] < 0.7
    assert told["thresholds"][0]["passed"] is False
    assert any("raise --concurrency" in note for note in told["notes"])


async def test_a_429_delays_nobody_elses_due_time(program: Program, simulator: SimulatorMaker) -> None:
    """A row that is sent again takes no arrival's place: latency from due holds the pause for all who waited."""
    program.write("faults.toml", '[[fault]]\nname = "throttle"\nat = [5]\n')
    server = await simulator("--rate-limit", "0", "--faults", "faults.toml")
    program.write_customers("customers.csv", 30)

    ended = await program(*LOAD, "--base-url", server.url, "--rate", "10/s", "--json", env=CREDENTIALS)

    create = ended.summary["steps"]["create"]
    assert (ended.code, create["requests"], create["throttled"]) == (0, 31, 1)
    assert create["from_due"]["p50"] > 0.5
    assert create["from_sent"]["p50"] < create["from_due"]["p50"]


async def test_conditions_are_judged_and_their_figures_shown(program: Program, simulator: SimulatorMaker) -> None:
    """Each is told as passed or failed; one that came true makes the exit code 99, and everything is written."""
    server = await simulator("--rate-limit", "0", "--latency", "20ms")
    program.write_customers("customers.csv", 10)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "40/s", "--metrics-file", "load.prom"),
        *("--fail-if", "p95(create.due) > 5s", "--fail-if", "min(create.sent) > 1ms"),
        env=CREDENTIALS,
    )

    samples = parse((program.folder / "load.prom").read_text(encoding="utf-8"))
    passed = {dict(labels)["condition"]: value for (name, labels), value in samples.items() if "threshold" in name}
    assert ended.code == 99
    assert len(lines_of(ended.stdout, "ok  p95(create.due) ")) == 1
    assert len(lines_of(ended.stdout, "FAILED  min(create.sent) ")) == 1
    assert "error: the test failed: min(create.sent) > 1ms" in ended.stderr
    assert program.statuses() == ["created"] * 10
    assert passed == {"p95(create.due) > 5s": 1, "min(create.sent) > 1ms": 0}
    assert samples["provisioner_load_exit_code", frozenset()] == 99
    assert samples["provisioner_load_rows", frozenset({("outcome", "created")})] == 10


async def test_a_condition_can_end_the_test_early(program: Program, simulator: SimulatorMaker) -> None:
    """--abort-if is looked at while rows arrive; the rest is not sent, and the results are whole."""
    server = await simulator("--rate-limit", "0", "--latency", "30ms")
    program.write_customers("customers.csv", 400)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "20/s", "--abort-if", "p50(create.due) > 10ms"),
        env=CREDENTIALS,
    )

    assert ended.code == 99
    assert ended.counts["created"] < 100
    assert ended.counts["created"] + ended.counts["unsent"] == 400
    assert "--abort-if came true: p50(create.due) > 10ms (" in ended.stderr
    assert len(program.results()) == 400


@pytest.mark.parametrize(
    ("fault", "code", "status"), [("participant_invalid", 4, "rejected"), ("error_500", 5, "unknown")]
)
async def test_what_became_of_rows_decides_the_exit_code(
    program: Program, simulator: SimulatorMaker, fault: str, code: int, status: str
) -> None:
    """Without a condition it is that of a run: 4 for rejected rows, 5 for unknown ones."""
    program.write("faults.toml", f'[[fault]]\nname = "{fault}"\nat = [3]\n')
    server = await simulator("--rate-limit", "0", "--faults", "faults.toml", "--lookup-lag", "60s")
    program.write_customers("customers.csv", 6)

    ended = await program(
        *(*LOAD, "--base-url", server.url, "--rate", "40/s", "--settle-delay", "0.1", "--json"), env=CREDENTIALS
    )

    failures = ended.summary["steps"]["create"]["failures"]
    assert (ended.code, ended.summary[status]) == (code, 1)
    assert sum(failures.values()) == 1


async def test_a_stopped_test_goes_on_with_the_rows_that_are_left(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Ctrl-C drains and ends with 130; the same command sends the others and judges those alone."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 60)
    command = (*LOAD, "--base-url", server.url)

    running = await program.start(*command, "--rate", "20/s", env=CREDENTIALS)
    await server.has_seen(10)
    running.signal(signal.SIGINT)
    stopped = await running.end()
    resumed = await program(*command, "--rate", "200/s", "--json", env=CREDENTIALS)

    left = stopped.counts["unsent"]
    told = resumed.summary
    assert stopped.code == 130
    assert lines_of(stopped.stdout, "next:    provisioner load customers.csv")
    assert (resumed.code, told["created"]) == (0, 60)
    assert told["offered"] == told["steps"]["create"]["rows"] == left
    assert len(await server.conversations()) == 60


@pytest.mark.parametrize(
    ("flags", "message", "cure"),
    [
        (("--cycle", "--duration", "1s", "--failed", "f.csv"), "--failed needs a record", "omit --failed"),
        (("--abort-if", "achieved < 95%"), "its value is known only at the end", "--fail-if"),
        (("--metrics-file", "results.csv"), "-o and --metrics-file name the same file", "a name of its own"),
    ],
)
async def test_what_contradicts_itself_is_refused_with_its_cure(
    program: Program, flags: tuple[str, ...], message: str, cure: str
) -> None:
    """Nothing is sent, nothing is written, and the second line says what to do."""
    program.write_customers("customers.csv", 3)

    ended = await program(*LOAD, "--simulate", "--address-sid", ADDRESS, *flags)

    assert ended.code == 2
    error, second = ended.stderr.splitlines()
    assert message in error
    assert cure in second
    assert not (program.folder / "results.csv.ledger").exists()
