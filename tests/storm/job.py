"""One job of the storm: it is killed and started again until it is done, and then compared with the server."""

import csv
import json
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.program import Program, programs_in
from tests.acceptance.simulator_process import Simulator
from tests.relays import tls_relay
from tests.storm.account import Account, Line, Made, compare
from tests.storm.evidence import Evidence, read_evidence, read_trails
from tests.storm.life import Life, live
from tests.storm.shapes import Shape
from tests.storm.strikes import Stage, draw_strike
from tests.tls import Authority

FAULTS = Path(__file__).with_name("faults.toml")
MOST_QUIET_LIVES = 40
"""Maximum number of starts of a job that are not killed."""
LONGEST_LIFE_S, AND_FOR_EACH_ROW_S = 60.0, 0.2
"""Maximum seconds of one process, plus those for each row; the slowest jobs need a third of it."""
INQUIRIES = 0.15
"""Share of processes that run ``reconcile`` instead of ``run``, and so only look up unknown rows."""
WAYS_TO_END = frozenset({0, 4, 5, 6, 7})
"""Exit codes that a process may end with when it is not killed; injected faults cause 4, 6 and 7."""


@dataclass(slots=True)
class Budget:
    """Number of kills of a storm, shared by its jobs."""

    kills: int
    _promised: int = 0

    def take(self) -> bool:
        """Reserve one kill; return whether one was left."""
        if self.is_spent:
            return False
        self._promised += 1
        return True

    def give_back(self) -> None:
        """Return a reserved kill that came too late."""
        self._promised -= 1

    @property
    def is_spent(self) -> bool:
        """Whether all kills are done or reserved."""
        return self._promised >= self.kills


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS of a simulator: its version, and the certificate authority."""

    version: ssl.TLSVersion
    authority: Authority


@dataclass(frozen=True, slots=True)
class Job:
    """One job of ``rows`` rows with at most ``kills`` kills; without ``tls`` it uses plain http."""

    number: int
    shape: Shape
    seed: int
    rows: int
    kills: int
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    """Arguments of the two commands that are started repeatedly."""

    run: tuple[str, ...]
    reconcile: tuple[str, ...]

    @classmethod
    def of(cls, shape: Shape, files: Sequence[str], url: str) -> "Commands":
        """Return the commands of a job of this shape against the server at ``url``."""
        place = ("--base-url", url, *shape.place.split())
        looking = ("--timeout", "0.7", "--settle-delay", "0.5", "--rate", "200/s")
        return cls(
            run=("run", *files, "-o", shape.output, *place, *shape.flags.split()),
            reconcile=("reconcile", f"{shape.output}.ledger", *place, *looking),
        )


@dataclass(slots=True)
class Report:
    """Result of one job.

    ``trails`` are the ledger's attempts of rows that differ, ``counted`` are the server's own counts, and
    ``trouble`` are other errors, such as a traceback.
    """

    job: Job
    lives: list[Life] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    evidence: Evidence = field(default_factory=Evidence)
    trails: list[str] = field(default_factory=list)
    counted: dict[str, Any] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Number of processes that were killed."""
        return sum(life.is_kill for life in self.lives)

    @property
    def failures(self) -> list[str]:
        """All errors of the job, as texts."""
        return failures_of(self.account, self.evidence, self.trouble)


def failures_of(account: Account, evidence: Evidence, trouble: Sequence[str]) -> list[str]:
    """Return all errors of a job as texts: differences from the server, doubts without evidence, and others."""
    return [
        *(f"missing: {fault.text}" for fault in account.missing),
        *(f"twice: {fault.text}" for fault in account.twice),
        *(f"wrong: {fault.text}" for fault in account.wrong),
        *(f"evidence: {breach}" for breach in evidence.breaches),
        *trouble,
    ]


async def storm_over(job: Job, folder: Path, budget: Budget) -> Report:
    """Run one job in an empty folder against its own simulator, and return its report."""
    report = Report(job)
    async with scene_of(job, folder) as (program, server, url):
        labels = job.shape.labels(job.rows)
        files = job.shape.write(folder, labels)
        commands = Commands.of(job.shape, files, url)
        await _live_on(program, commands, job, budget, report)
        if job.shape.has_own_identities:
            await _have_audited(program, commands, report)
        report.counted = await server.state()
        conversations = await server.conversations()
        made = [made_of(each) for each in conversations]
        report.trouble += _wrong_messages(job.shape, labels, conversations)
        lines = lines_of_results(folder / job.shape.output, labels)
    _audit(report, lines, made, ledger=folder / f"{job.shape.output}.ledger")
    return report


def _audit(report: Report, lines: Sequence[Line], made: Sequence[Made], *, ledger: Path) -> None:
    """Compare the results, the server and the ledger with each other, and write the differences to the report."""
    report.account = account = compare(lines, made)
    report.evidence = evidence = read_evidence(ledger)
    faults = (*account.missing, *account.twice, *account.wrong)
    report.trails = read_trails(ledger, {row for fault in faults for row in fault.rows})
    requests = report.counted["webchats"]["requests"]
    if requests > evidence.requests:
        report.trouble.append(f"the server saw {requests} requests, the ledger {evidence.requests} intents")


@asynccontextmanager
async def scene_of(job: Job, folder: Path) -> AsyncIterator[tuple[Program, Simulator, str]]:
    """Yield the program in a job's folder, the job's simulator, and the URL at which the program reaches it."""
    async with AsyncExitStack() as stack:
        program = (await stack.enter_async_context(programs_in(folder))).unwatched()
        server = await _serve(program, job)
        url = server.url
        if job.tls is not None:
            url = await stack.enter_async_context(
                tls_relay(server.port, job.tls.authority.server(job.tls.version))
            )
            program = program.trusting(job.tls.authority.bundle)
        yield program, server, url


async def _serve(program: Program, job: Job) -> Simulator:
    faults = ("--faults", FAULTS, "--seed", str(job.seed))
    speed = ("--latency", "30ms", "--jitter", "20ms", *job.shape.server.split())
    running = await program.start("simulate", "--port", "0", "--inspect", *speed, *faults)
    assert running.process.stdout is not None
    return Simulator((await running.process.stdout.readline()).decode().split()[2].rstrip(","))


async def _live_on(program: Program, commands: Commands, job: Job, budget: Budget, report: Report) -> None:
    """Start the job repeatedly until it is done; some of the starts only look up unknown rows."""
    chance = random.Random(f"strikes {job.seed}")
    quiet = 0
    while quiet < MOST_QUIET_LIVES:
        is_struck = report.kills < job.kills and budget.take()
        strike = draw_strike(chance) if is_struck else None
        has_begun = any(life.stage is not Stage.STARTING for life in report.lives)
        is_inquiry = chance.random() < INQUIRIES and has_begun
        command = commands.reconcile if is_inquiry else commands.run
        life = await live(program, command, strike, longest_s=_longest_s(job))
        report.lives.append(life)
        if is_struck and not life.is_kill:
            budget.give_back()
        _complain(life, report)
        quiet += not life.is_kill
        if life.is_hung or (not is_inquiry and _is_done(life, job.shape, program.folder)):
            return
    report.trouble.append(f"not done after {quiet} starts that nothing struck")


def _longest_s(job: Job) -> float:
    return LONGEST_LIFE_S + AND_FOR_EACH_ROW_S * job.rows


async def _have_audited(program: Program, commands: Commands, report: Report) -> None:
    """Run the program's own audit, and report it if it finds differences."""
    audit = await live(program, (*commands.reconcile, "--audit"), None, longest_s=_longest_s(report.job))
    if audit.code:
        report.trouble.append(f"the audit ended with {audit.code}:\n{audit.summary}")


def _complain(life: Life, report: Report) -> None:
    said = "\n    ".join(life.last_words)
    if life.is_hung:
        report.trouble.append(f"hung:\n    {said}")
    elif life.is_nipped:
        return
    elif not life.is_kill and life.code not in WAYS_TO_END:
        report.trouble.append(f"exit code {life.code}:\n    {said}")
    elif life.has_traceback:
        report.trouble.append(f"a traceback, exit code {life.code}:\n    {said}")


def _is_done(life: Life, shape: Shape, folder: Path) -> bool:
    """Return whether the job is done: all rows are created, or unknown if the shape does not allow look-ups."""
    if life.code == 0 or not shape.is_blind or life.code != 5:
        return life.code == 0
    return {line["status"] for line in _results(folder / shape.output)} <= {"created", "unknown"}


def _results(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


def lines_of_results(path: Path, labels: Sequence[str]) -> list[Line]:
    """Return a line for each input row, also for rows that are missing in the results."""
    found = {int(each["row"]): each for each in _results(path)}
    return [
        Line(row, label, found[row]["status"], found[row]["conversation_sid"] or "")
        if row in found
        else Line(row, label, "not in the results", "")
        for row, label in enumerate(labels, start=1)
    ]


def _wrong_messages(shape: Shape, labels: Sequence[str], made: Sequence[dict[str, Any]]) -> list[str]:
    """Return a text for each conversation whose messages are not those of its row, in their order."""
    if shape.messages is None:
        return []
    wanted = {label: list(shape.messages(row)) for row, label in enumerate(labels, start=1)}
    return [
        f"messages of {each['customer_friendly_name']}: {each['message_bodies']}"
        for each in made
        if each["identity"] is not None and each["message_bodies"] != wanted[each["customer_friendly_name"]]
    ]


def made_of(conversation: dict[str, Any]) -> Made:
    """Return a conversation of the simulator for the comparison with the results."""
    return Made(conversation["sid"], conversation["customer_friendly_name"], conversation["identity"] is None)
