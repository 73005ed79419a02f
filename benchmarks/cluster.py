"""Measure one job with one, two and four workers: rows a second, and what each part takes.

    python -m benchmarks.cluster [--rows 20000] [--takeovers 10]

Workers are processes of the program that share a ledger in a PostgreSQL server; nginx plays Twilio, and all are on
this machine without a rate limit. The processor time of a row is that of a large job less that of a small one, so
that starting is not in it. Then workers are frozen in the middle of a job, as if their machine was lost: how long
is it from the end of their lease until another worker sends one of their rows?
"""

import argparse
import os
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from benchmarks.customers import write_customers
from benchmarks.ledgers import cpu_of
from benchmarks.process import clean_environment, say
from benchmarks.provisioning import ENVIRONMENT, PROGRAM, run_command
from benchmarks.server import Server, open_server
from benchmarks.tables import table
from tests.postgres_server import postgres_server, query_postgres

WORKERS = (1, 2, 4)
FEW_ROWS = 500
LEASE_S = 3.0
PATIENCE_S = 600.0
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
    database, nginx = _server_of(dsn), server.pid
    for where, workers in (("file", 1), *(("database", each) for each in WORKERS)):
        say(f"{workers} worker(s), ledger in a {where}")
        place = dsn if where == "database" else ""
        few = cost(Job(folder, server, FEW_ROWS, dsn=place, name=f"{where}-{workers}-few"), 1, database, nginx)
        job = Job(folder, server, rows, dsn=place, name=f"{where}-{workers}-many")
        many = cost(job, workers, database, nginx)
        starting = Part(few.clients_s * workers, few.database_s, few.server_s)
        micros = [1e6 * (large - small) / rows for large, small in zip(many, starting, strict=True)]
        rate, bound = job.rate(workers), min(2, os.cpu_count() or 1) * 1e6 / sum(micros)
        yield [f"{where}, {workers}", f"{rate:,.0f}", *(f"{each:.0f}" for each in micros), f"{rate / bound:.2f}"]


def takeovers(folder: Path, server: Server, dsn: str, times: int) -> list[float]:
    """Freeze a worker so many times, and return the seconds from its freezing until another one sent its rows."""
    waits = []
    for number in range(times):
        flags = ("--lease", f"{LEASE_S:g}s", "--rate", "200/s", "--canary", "1")
        job = Job(folder, server, 20_000, dsn=dsn, name=f"takeover-{number}", flags=flags)
        processes = [job.start(), job.join()]
        token = 0
        while not token:
            token = int(next(iter(job.ask(_HOLDER)), (0,))[0])  # type: ignore[call-overload]
            time.sleep(0.05)
        pid = processes[1].pid
        os.kill(pid, signal.SIGSTOP)
        frozen = time.time()
        shards = job.ask(f"SELECT sweep, number FROM shards WHERE worker = {token:d} AND NOT is_done")  # noqa: S608
        waits.append(_taken_over(job, token, frozen, shards))
        for process in processes:
            process.kill()
            process.wait()
    return waits


_HOLDER = """
SELECT worker FROM shards WHERE NOT is_done AND worker = (SELECT max(id) FROM workers WHERE generation IS NOT NULL)
"""


def _taken_over(job: Job, token: int, frozen: float, shards: Sequence[tuple[object, ...]]) -> float:
    """Wait until another worker has begun a row of these shards, and return the seconds since ``frozen``."""
    listed = ", ".join(f"({sweep}, {number})" for sweep, number in shards)
    statement = f"""
    SELECT min(attempts.sent) FROM attempts JOIN intents ON intents.row_id = attempts.row_id
    WHERE intents.worker <> {token} AND attempts.sent > {frozen} AND attempts.row_id IN (
        SELECT unnest(row_ids) FROM shards WHERE (sweep, number) IN ({listed})
    )
    """  # noqa: S608 - all of them are numbers
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = job.ask(statement)
        if found and found[0][0] is not None:
            return float(found[0][0]) - frozen  # type: ignore[arg-type]
        time.sleep(0.1)
    return float("inf")


def _ended(process: "subprocess.Popen[bytes]") -> float:
    """Wait for the end of a process, and return its processor time in seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        say(f"a worker ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _cpu(database: int | None) -> float:
    return 0.0 if database is None else cpu_of(database)


def _server_of(dsn: str) -> int:
    (folder,) = parse_qs(urlsplit(dsn).query)["host"]
    return int(Path(folder, "data", "postmaster.pid").read_text(encoding="utf-8").split()[0])


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000, help="of the large job")
    parser.add_argument("--takeovers", type=int, default=10, help="how often a worker is frozen")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = stack.enter_context(postgres_server(is_durable=True))
        server = stack.enter_context(open_server())
        head = ("ledger, workers", "rows/s", "clients µs a row", "database", "server", "of what two cores allow")
        print(table(head, scale(folder, server, dsn, asked.rows)), flush=True)
        if asked.takeovers:
            waits = sorted(takeovers(folder, server, dsn, asked.takeovers))
            middle, longest = statistics.median(waits), waits[-1]
            print(f"\ntake-over with a lease of {LEASE_S:g} s: p50 {middle:.1f} s, at most {longest:.1f} s")


if __name__ == "__main__":
    main()
