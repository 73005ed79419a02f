"""Measure one job with one, two and four workers: rows a second, and what each part takes.

    python -m benchmarks.cluster [--rows 20000]

Workers are processes of the program that share a ledger in a PostgreSQL server; nginx plays Twilio, and all are on
this machine without a rate limit. The processor time of a row is that of a large job less that of a small one, so
that starting is not in it; planning, counting and writing the results are.
"""

import argparse
import os
import sqlite3
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
TAIL_S = 0.5
"""Seconds before the last request in which some workers may have nothing left to send."""
_SENT = "SELECT sent FROM attempts WHERE step = 'create' AND sent IS NOT NULL ORDER BY sent"


class Part(NamedTuple):
    """Seconds of processor time of all clients, of the database and of the server."""

    clients_s: float
    database_s: float
    server_s: float


class Job:
    """One run of the program with ``workers`` workers over ``rows`` rows; the ledger is a file without ``dsn``."""

    def __init__(
        self, folder: Path, server: Server, rows: int, *, dsn: str, name: str, flags: Sequence[str] = ()
    ) -> None:
        self._folder, self._dsn, self._name = folder, dsn, name
        self._ledger = f"{dsn}&job={name}" if dsn else str(folder / f"{name}.ledger")
        customers = write_customers(folder, rows)
        command = run_command(customers, folder / f"{name}.csv", server.base_url)
        self._command = [*command, "--ledger", self._ledger, "--yes", *flags]

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the process that plans, and is a worker itself."""
        return self._started(self._command)

    def join(self) -> "subprocess.Popen[bytes]":
        """Start one more worker, as soon as there is a run to join."""
        while not self.ask("SELECT 1 FROM shared_runs WHERE ended IS NULL"):
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


def scale(folder: Path, server: Server, dsn: str, rows: int) -> Iterator[list[str]]:
    """Yield a line of the table for each kind of ledger and number of workers."""
    database, nginx = server_of(LedgerLocation(f"{dsn}&job=bench")), server.pid
    for where, workers in (("file", 1), *(("database", each) for each in WORKERS)):
        say(f"{workers} worker(s), ledger in a {where}")
        place = dsn if where == "database" else ""
        few = cost(Job(folder, server, FEW_ROWS, dsn=place, name=f"{where}-{workers}-few"), 1, database, nginx)
        job = Job(folder, server, rows, dsn=place, name=f"{where}-{workers}-many")
        many = cost(job, workers, database, nginx)
        starting = Part(few.clients_s * workers, few.database_s, few.server_s)
        micros = [1e6 * (large - small) / rows for large, small in zip(many, starting, strict=True)]
        yield [f"{where}, {workers}", f"{job.rate(workers):,.0f}", *(f"{each:.0f}" for each in micros)]


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
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = stack.enter_context(postgres_server(is_durable=True))
        server = stack.enter_context(open_server())
        head = ("ledger, workers", "rows/s", "clients µs a row", "database", "server")
        print(table(head, scale(folder, server, dsn, asked.rows)), flush=True)


if __name__ == "__main__":
    main()
