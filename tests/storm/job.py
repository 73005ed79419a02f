"""One job of the storm: struck until no strikes are left, started again until it is done, and compared."""

import csv
import json
import random
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
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
"""How often a job may be started again that nothing strikes any more."""
LONGEST_LIFE_S, AND_FOR_EACH_ROW_S = 60.0, 0.2
"""A life that lasts longer hangs: the slowest jobs take a third of it."""
INQUIRIES = 0.15
"""The share of lives that only look unknown rows up: ``reconcile`` in place of ``run``."""
WAYS_TO_END = frozenset({0, 4, 5, 6})
"""The exit codes of a life that ended by itself; 4 and 6 are the doing of faults."""


@dataclass(slots=True)
class Budget:
    """The kills that are still to be done, shared by the jobs of a storm."""

    kills: int
    _promised: int = 0

    def take(self) -> bool:
        """Promise one kill, if there is one left."""
        if self.is_spent:
            return False
        self._promised += 1
        return True

    def give_back(self) -> None:
        """Return a promise that came to nothing."""
        self._promised -= 1

    @property
    def is_spent(self) -> bool:
        """Say whether every kill is done, or promised."""
        return self._promised >= self.kills


@dataclass(frozen=True, slots=True)
class Tls:
    """What a simulator speaks, and who vouches for it."""

    version: ssl.TLSVersion
    authority: Authority


@dataclass(frozen=True, slots=True)
class Job:
    """One job to be done: ``kills`` at most are its share. Without ``tls`` it goes over plain http."""

    number: int
    shape: Shape
    seed: int
    rows: int
    kills: int
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    """What is started, again and again."""

    run: tuple[str, ...]
    reconcile: tuple[str, ...]

    @classmethod
    def of(cls, shape: Shape, files: Sequence[str], url: str) -> "Commands":
        """Make the commands of a job against a server."""
        place = ("--base-url", url)
        looking = ("--timeout", "0.7", "--settle-delay", "0.5", "--rate", "200/s")
        return cls(
            run=("run", *files, "-o", shape.output, *place, *shape.flags.split()),
            reconcile=("reconcile", f"{shape.output}.ledger", *place, *looking),
        )


@dataclass(slots=True)
class Report:
    """What became of a job.

    ``trails`` are the ledger's lines for rows that do not add up, ``counted`` are the server's own counts, and
    ``trouble`` is what must not happen besides.
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
        """How many lives ended by signals."""
        return sum(life.is_kill for life in self.lives)

    @property
    def failures(self) -> list[str]:
        """Everything that must not be."""
        return [
            *(f"missing: {fault.text}" for fault in self.account.missing),
            *(f"twice: {fault.text}" for fault in self.account.twice),
            *(f"wrong: {fault.text}" for fault in self.account.wrong),
            *(f"evidence: {breach}" for breach in self.evidence.breaches),
            *self.trouble,
        ]


async def storm_over(job: Job, folder: Path, budget: Budget) -> Report:
    """Do the job in an empty folder, against a simulator of its own."""
    report = Report(job)
    async with AsyncExitStack() as stack:
        program = (await stack.enter_async_context(programs_in(folder))).unwatched()
        server = await _serve(program, job)
        url = server.url
        if job.tls is not None:
            url = await stack.enter_async_context(
                tls_relay(server.port, job.tls.authority.server(job.tls.version))
            )
            program = program.trusting(job.tls.authority.bundle)
        labels = job.shape.labels(job.rows)
        files = job.shape.write(folder, labels)
        commands = Commands.of(job.shape, files, url)
        await _live_on(program, commands, job, budget, report)
        if job.shape.has_own_identities:
            await _have_audited(program, commands, report)
        report.counted = await server.state()
        made = [_made(each) for each in await server.conversations()]
        lines = _lines(folder / job.shape.output, labels)
    _audit(report, lines, made, ledger=folder / f"{job.shape.output}.ledger")
    return report


def _audit(report: Report, lines: Sequence[Line], made: Sequence[Made], *, ledger: Path) -> None:
    """Compare the results, the server and the ledger with one another."""
    report.account = account = compare(lines, made)
    report.evidence = evidence = read_evidence(ledger)
    faults = (*account.missing, *account.twice, *account.wrong)
    report.trails = read_trails(ledger, {row for fault in faults for row in fault.rows})
    requests = report.counted["webchats"]["requests"]
    if requests > evidence.requests:
        report.trouble.append(f"the server saw {requests} requests, the ledger {evidence.requests} intents")


async def _serve(program: Program, job: Job) -> Simulator:
    faults = ("--faults", FAULTS, "--seed", str(job.seed))
    speed = ("--latency", "30ms", "--jitter", "20ms", *job.shape.server.split())
    running = await program.start("simulate", "--port", "0", "--inspect", *speed, *faults)
    assert running.process.stdout is not None
    return Simulator((await running.process.stdout.readline()).decode().split()[2].rstrip(","))


async def _live_on(program: Program, commands: Commands, job: Job, budget: Budget, report: Report) -> None:
    """Start the job again and again until it is done, and look its unknown rows up now and then."""
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
    """Let the program itself compare what it says with what there is."""
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
    """Say whether nothing more comes of the job: all rows are created, or unknown where nobody can look."""
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


def _lines(path: Path, labels: Sequence[str]) -> list[Line]:
    """Return a line for each input row, also for those that the results forget."""
    found = {int(each["row"]): each for each in _results(path)}
    return [
        Line(row, label, found[row]["status"], found[row]["conversation_sid"] or "")
        if row in found
        else Line(row, label, "not in the results", "")
        for row, label in enumerate(labels, start=1)
    ]


def _made(conversation: dict[str, Any]) -> Made:
    return Made(conversation["sid"], conversation["customer_friendly_name"], conversation["identity"] is None)
