"""However the program fails inside, and whatever its failure says, no customer is shown."""

import asyncio
import itertools
import json
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest

from tests.acceptance.faulty_program import DATA, NAME
from tests.acceptance.program import CREDENTIALS, Ended, Program

pytestmark = pytest.mark.acceptance

TABLE = (
    f"crm_id,CustomerFriendlyName,first_message,pre_engagement.mail\n1,{NAME},hello,{DATA}\n2,Bo Test,hello,x@y\n"
)
JOB = ("run", "in.csv", "--key", "crm_id", "--rate", "100/s")
RUN = (*JOB, "--simulate", "-o", "OWN.csv")
UNREACHED = ("--base-url", "http://127.0.0.1:9")

PLACES: Sequence[tuple[str, Sequence[str]]] = (
    ("provisioner.sources.delimited.source:DelimitedSource._read", RUN),
    ("provisioner.mapping.layouts:FixedMapper.map_columns", ("check", "in.csv")),
    ("provisioner.planning.entries:digest_plain_rows", RUN),
    ("provisioner.ledger.sqlite.plan_entries:PlanEntryWriter.write", RUN),
    ("provisioner.ledger.sqlite.wal:WalCheckpointer.checkpoint_if_long", RUN),
    ("provisioner.planning.feed:SourceFeed._rebuild_all", RUN),
    ("provisioner.sending.row_processor:RowProcessor.process", RUN),
    ("provisioner.twilio.webchats:WebChatClient.create", RUN),
    ("provisioner.http_client.transport:Transport.send", RUN),
    ("provisioner.ledger.sqlite.ledger:SqliteLedger.settle_created", RUN),
    ("provisioner.monitor.run_monitor:RunMonitor.settled", RUN),
    ("provisioner.twilio.messages:MessageClient.post", RUN),
    ("provisioner.results.outputs:write_results", RUN),
    (
        "provisioner.load.step_metrics:StepMetrics.add",
        ("load", *RUN[1:4], "--simulate", "-o", "OWN.csv", "--stage", "1s:=50/s"),
    ),
    (
        "provisioner.twilio.conversations:ConversationClient.find_by_identity",
        ("reconcile", "lost.ledger", *UNREACHED),
    ),
    ("provisioner.twilio.closing:ClosingClient.close", ("close", "made.ledger", "--simulate", "--yes")),
    ("provisioner.commands.report:load_job", ("report", "made.ledger", "-o", "r.html")),
    ("provisioner.results.outputs:write_results", ("export", "made.ledger", "-o", "e.csv")),
    ("provisioner.ledger.sqlite.reader:SqliteLedgerReader.counts", ("status", "made.ledger")),
)
"""Every room that a row passes through, by one of its functions, and a command that calls it."""


@dataclass(frozen=True)
class Manner:
    """How a command is run."""

    level: str
    form: str
    wants_json: bool
    environ: dict[str, str]


def manners() -> Iterator[Manner]:
    """Yield every level with every format, with ``--json`` and without, in Python's debug modes and outside."""
    debugs: Sequence[dict[str, str]] = ({}, {"PYTHONASYNCIODEBUG": "1"}, {"PYTHONDEVMODE": "1"})
    turns = zip(
        itertools.cycle(itertools.product(("debug", "info", "warning", "error"), ("console", "json", "auto"))),
        itertools.cycle((True, False)),
        itertools.cycle(debugs),
        strict=False,
    )
    for (level, form), wants_json, debug in turns:
        yield Manner(level, form, wants_json, {"PYTHONWARNINGS": "always", **debug})


async def fail_at(program: Program, place: str, command: Sequence[str], manner: Manner, log: str) -> Ended:
    """Run a command whose function at ``place`` fails."""
    broken = replace(program, invocation=("-m", "tests.acceptance.faulty_program", place))
    options = ("--log-level", manner.level, "--log-format", manner.form, "--log-file", log)
    json_wanted = ("--json",) if manner.wants_json else ()
    words = [word.replace("OWN", log) for word in command]
    return await broken(*options, *words, *json_wanted, env={**CREDENTIALS, **manner.environ})


def shown_in(program: Program) -> list[str]:
    """Return the names of the files, other than the input, that hold a customer's name or data."""
    kept = (path for path in program.folder.rglob("*") if path.is_file() and path.name != "in.csv")
    return [path.name for path in kept if any(each.encode() in path.read_bytes() for each in (NAME, DATA))]


async def test_an_internal_error_tells_no_row_anywhere(program: Program) -> None:
    """Wherever it is raised: exit code 1, type and place, one object with --json, and never a text."""
    program.write("in.csv", TABLE)
    made = await program(*JOB, "--simulate", "-o", "made.csv", "--ledger", "made.ledger")
    create = "provisioner.twilio.webchats:WebChatClient.create"
    lose = (*JOB, *UNREACHED, "-o", "lost.csv", "--ledger", "lost.ledger")
    slots = asyncio.Semaphore(2)

    async def fail(number: int, place: str, command: Sequence[str], manner: Manner) -> tuple[str, Manner, Ended]:
        async with slots:
            return place, manner, await fail_at(program, place, command, manner, f"{number}.log")

    turns = manners()
    lost = await fail(0, create, lose, next(turns))
    ends = [lost, *await asyncio.gather(*(fail(n, *each, next(turns)) for n, each in enumerate(PLACES, start=1)))]

    assert made.code == 0
    assert shown_in(program) == []
    for number, (place, manner, ended) in enumerate(ends):
        said = ended.stdout + ended.stderr
        log = (program.folder / f"{number}.log").read_text(encoding="utf-8")
        crashes = [each for each in map(json.loads, log.splitlines()) if each["event"] == "command.crashed"]
        assert (place, ended.code, NAME in said, DATA in said) == (place, 1, False, False)
        assert len(crashes) == 1, place
        assert "faulty_program.py" in "".join(crashes[0]["traceback"])
        assert '"event":"thread.crashed"' in log
        assert manner.level == "error" or '"event":"python.warned"' in log
        if manner.wants_json:
            assert (ended.summary["exit_code"], ended.summary["error"]["kind"]) == (1, "internal"), place
        else:
            start = '"event":"command.failed"' if manner.form == "json" else "error: internal error: "
            assert start in ended.stderr, place
            assert "internal error: " in ended.stderr, place


async def ask(url: str, method: str, path: str) -> bytes:
    """Send one request to a server of the program and return all of its answer."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = (f"{method} {path} HTTP/1.1", f"Host: {place.netloc}", "Connection: close", "Content-Length: 0")
    writer.write("\r\n".join((*head, "", "")).encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_the_programs_own_servers_answer_an_internal_error_without_its_text(program: Program) -> None:
    """Neither the live page nor the simulator shows it, in Python's debug mode either; repeats are counted."""
    program.write("in.csv", TABLE)
    broken = [
        replace(program, invocation=("-m", "tests.acceptance.faulty_program", place))
        for place in ("provisioner.simulator.app:Application._decide", "provisioner.report.dashboard:live_page")
    ]
    debugging = {"PYTHONASYNCIODEBUG": "1"}

    playing = await broken[0].start("simulate", "--port", "0", env=debugging)
    assert playing.process.stdout is not None
    url = (await playing.process.stdout.readline()).decode().split()[2].rstrip(",")
    answers = [await ask(url, "POST", "/v2/WebChats") for _ in range(20)]
    playing.signal(signal.SIGTERM)
    played = await playing.end()
    running = await broken[1].start(
        *(*JOB, "--rate", "1/s", "--simulate", "-o", "out.csv", "--dashboard", "0"), env=debugging
    )
    page = (await running.says("dashboard: ")).split()[1]
    answers += [await ask(page, "GET", "/") for _ in range(20)]
    ran = await running.end()

    assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 500 Internal Server Error"}
    for said in (
        *answers,
        played.stdout.encode(),
        played.stderr.encode(),
        ran.stdout.encode(),
        ran.stderr.encode(),
    ):
        assert NAME.encode() not in said
        assert DATA.encode() not in said
    for ended in (played, ran):
        told = [line for line in ended.stderr.splitlines() if '"library":"aiohttp.server"' in line]
        assert (ended.code, len(told)) == (0, 2)
        assert '"repeated":19' in told[1]
