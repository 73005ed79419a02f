"""Measure one job with one, two and four workers: its time, rows a second, and what each part takes.

    python -m benchmarks.cluster [--rows 20000] [--rounds 5]

Workers are processes of the program that share a ledger in a PostgreSQL server; nginx plays Twilio, and all are on
this machine without a rate limit. The kinds take turns, round by round; figures are medians, and the ratio to the
job with its ledger in a file is that of runs of one round. The processor time of a row is that of a large job less
that of a small one, so that starting is not in it; planning, counting and writing the results are. What the cores
allow is their number, divided by the processor time of a row.
"""

import argparse
import itertools
import os
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.customers import write_customers
from benchmarks.ledgers import cpu_of, server_of
from benchmarks.process import clean_environment, say
from benchmarks.provisioning import ENVIRONMENT, PROGRAM, run_command
from benchmarks.server import Server, open_server
from benchmarks.tables import table
from provisioner.ledger import LedgerLocation
from tests.postgres_server import postgres_server, query_postgres

WORKERS = (1, 2, 4)
FEW_ROWS = 500
CORES = os.cpu_count() or 1
HEAD = (
    "ledger, workers",
    "speed of the whole run ÷ the file's",
    "rows/s",
    "clients µs a row",
    "database",
    "server",
    "rows/s ÷ what the cores allow",
)
TAIL_S = 0.5
"""Seconds before the last request in which some workers may have nothing left to send."""
_SENT = "SELECT sent FROM attempts WHERE step = 'create' AND sent IS NOT NULL ORDER BY sent"


class Part(NamedTuple):
    """Seconds of processor time of all clients, of the database and of the server."""

    clients_s: float
    database_s: float
    server_s: float


class Figures(NamedTuple):
    """Figures of one run: seconds from its start to its end, requests a second, and microseconds a row."""

    whole_s: float
    rate: float
    clients_us: float
    database_us: float
    server_us: float


class Job:
    """One run of the program with ``workers`` workers over ``rows`` rows; the ledger is a file without ``dsn``."""

    def __init__(
        self, folder: Path, base_url: str, rows: int, *, dsn: str, name: str, flags: Sequence[str] = ()
    ) -> None:
        self._folder, self._dsn, self._name = folder, dsn, name
        self._ledger = f"{dsn}&job={name}" if dsn else str(folder / f"{name}.ledger")
        customers = write_customers(folder, rows)
        command = run_command(customers, folder / f"{name}.csv", base_url)
        self._command = [*command, "--ledger", self._ledger, "--yes", *flags]

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the process that plans, and is a worker itself."""
        return self._started(self._command)

    def join(self) -> "subprocess.Popen[bytes]":
        """Start one more worker, as soon as there is a run to join."""
        while not self.ask("SELECT 1 FROM shared_runs"):
            time.sleep(0.02)
        return self._started([*PROGRAM, "worker", self._ledger])

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Return the lines of a query, none while the job has no schema."""
        with suppress(Exception):
            return query_postgres(self._dsn, statement, schema=f"provisioner_{self._name}")
        return []

    def rate(self, workers: int) -> float:
        """Return how many requests were sent in a second, from a second after the last worker has joined."""
        if self._dsn:
            sent = [float(str(each)) for (each,) in self.ask(_SENT)]
            joined = float(str(self.ask("SELECT max(started) FROM workers")[0][0])) if workers > 1 else 0.0
        else:
            with closing(sqlite3.connect(self._ledger)) as connection:
                sent, joined = [each for (each,) in connection.execute(_SENT)], 0.0
        steady = [each for each in sent if max(sent[0], joined) + 1 <= each <= sent[-1] - TAIL_S]
        return len(steady) / (steady[-1] - steady[0]) if len(steady) > 1 else float("nan")

    def _started(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        quiet = subprocess.DEVNULL
        environment = clean_environment(ENVIRONMENT)
        return subprocess.Popen(
            command, env=environment, cwd=self._folder, stdin=quiet, stdout=quiet, stderr=quiet
        )


def cost(job: Job, workers: int, database: int | None, nginx: int) -> Part:
    """Run a job to its end, and return what it took."""
    before = _cpu(database), cpu_of(nginx)
    processes = [job.start()]
    processes += [job.join() for _ in range(workers - 1)]
    clients_s = sum(_ended(process) for process in processes)
    return Part(clients_s, _cpu(database) - before[0], cpu_of(nginx) - before[1])


class Contender:
    """One kind of ledger with a number of workers; ``name`` is unique, and ``dsn`` empty for a file."""

    def __init__(self, folder: Path, server: Server, dsn: str, rows: int, workers: int) -> None:
        self._folder, self._server, self._dsn, self._rows, self._workers = folder, server, dsn, rows, workers
        self.name = f"{'database' if dsn else 'file'}, {workers}"
        self._database = server_of(LedgerLocation(f"{dsn}&job=bench")) if dsn else None
        small = self._job(FEW_ROWS, "few")
        few = cost(small, 1, self._database, server.pid)
        self._starting = Part(few.clients_s * workers, few.database_s, few.server_s)

    def measured(self, number: int) -> Figures:
        """Run the large job for the time ``number``."""
        job = self._job(self._rows, f"{number}")
        began = time.perf_counter()
        took = cost(job, self._workers, self._database, self._server.pid)
        whole_s = time.perf_counter() - began
        micros = (1e6 * (large - small) / self._rows for large, small in zip(took, self._starting, strict=True))
        return Figures(whole_s, job.rate(self._workers), *micros)

    def _job(self, rows: int, name: str) -> Job:
        unique = f"{self.name.replace(', ', '-')}-{name}"
        return Job(self._folder, self._server.base_url, rows, dsn=self._dsn, name=unique)


def scale(contenders: Sequence[Contender], rounds: int) -> Iterator[list[str]]:
    """Yield a line of the table for each contender; the first one is that to which the others are compared."""
    found: dict[str, list[Figures]] = {each.name: [] for each in contenders}
    for number, contender in itertools.product(range(rounds), contenders):
        found[contender.name].append(contender.measured(number))
        say(f"{contender.name}: {', '.join(f'{each:,.2f}' for each in found[contender.name][-1])}")
    first = found[contenders[0].name]
    for name, figures in found.items():
        middle = Figures(*map(statistics.median, zip(*figures, strict=True)))
        faster = statistics.median(one.whole_s / other.whole_s for one, other in zip(first, figures, strict=True))
        allowed = 1e6 * CORES / sum(middle[2:])
        parts = (f"{each:.0f}" for each in middle[2:])
        yield [name, f"{faster:.2f}", f"{middle.rate:,.0f}", *parts, f"{middle.rate / allowed:.2f}"]


def _ended(process: "subprocess.Popen[bytes]") -> float:
    """Wait for the end of a process, and return its processor time in seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        say(f"a worker ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _cpu(database: int | None) -> float:
    return 0.0 if database is None else cpu_of(database)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000, help="of the large job")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS, help="of the jobs in the database")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = stack.enter_context(postgres_server(is_durable=True))
        server = stack.enter_context(open_server())
        contenders = [Contender(folder, server, "", asked.rows, 1)]
        contenders += [Contender(folder, server, dsn, asked.rows, workers) for workers in asked.workers]
        print(table(HEAD, scale(contenders, asked.rounds)), flush=True)


if __name__ == "__main__":
    main()
