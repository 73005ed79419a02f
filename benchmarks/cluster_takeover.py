"""Measure how soon the rows of a worker that is lost are sent by another one.

    python -m benchmarks.cluster_takeover [--times 20]

A run goes on at a fixed rate in the process that was typed. Again and again a second worker joins it, takes rows,
and is killed (its process is gone) or frozen (it only says nothing, like one whose machine is lost). Printed is
how long after that it is fenced, and when the first and the last of the rows that it had left are sent by the
other one.
"""

import argparse
import itertools
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.cluster import Job
from benchmarks.pace_server import Rules, open_server
from benchmarks.process import say
from benchmarks.tables import table
from tests.postgres_server import postgres_server

T = TypeVar("T")
BLOWS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}
RATE, LEASE_S = 100, 3.0
ROUND_S = 20.0
"""Seconds of work that the job has for each blow: the worker has to start, and its lease to run out."""
PATIENCE_S = 120.0
_NUMBER = "SELECT max(id) FROM workers WHERE pid = {pid} AND generation IS NOT NULL HAVING count(*) > 0"
_LEFT = """
SELECT states.id
FROM shards
CROSS JOIN LATERAL unnest(row_ids) AS held (id)
JOIN states ON states.id = held.id
WHERE shards.worker = {worker} AND NOT shards.is_done AND states.status = 'pending'
    AND EXISTS (SELECT 1 FROM intents WHERE intents.worker = {worker})
"""
_PENDING = "SELECT id FROM states WHERE id = ANY ('{{{rows}}}'::bigint[]) AND status = 'pending'"
_SENT_ELSEWHERE = """
SELECT min(attempts.sent), max(attempts.sent)
FROM attempts
JOIN intents ON intents.row_id = attempts.row_id AND intents.number = attempts.number AND intents.step = 'create'
WHERE attempts.row_id = ANY ('{{{rows}}}'::bigint[]) AND attempts.step = 'create' AND intents.worker <> {worker}
HAVING count(*) > 0
"""
_FENCED = "SELECT extract(epoch FROM fenced_at)::double precision FROM workers WHERE id = {worker}"


class TakeOver(NamedTuple):
    """Seconds from a blow until the worker is fenced, and until the first and the last row it had left is sent."""

    fenced_s: float
    first_s: float
    last_s: float


@contextmanager
def running(job: Job) -> Iterator[None]:
    """Run the job inside the context, and kill what is left of it."""
    process = job.start()
    try:
        yield
    finally:
        process.kill()
        process.wait()


def take_over(job: Job, blow: signal.Signals, fewest: int = 1) -> TakeOver:
    """Let a worker join, strike it while it has ``fewest`` rows left, and measure when another one sends these.

    Raise ``TimeoutError`` when the worker gets no rows, or they are not sent.
    """
    while (found := _take_over(job, blow, fewest)) is None:
        pass
    return found


def _take_over(job: Job, blow: signal.Signals, fewest: int) -> TakeOver | None:
    """Do so once; return None when the worker has sent its last row just before the blow."""
    worker = job.join()
    try:
        number = _until(lambda: _numbers(job, _NUMBER.format(pid=worker.pid)))[0]
        rows = _until(lambda: _left(job, number, fewest))
        os.kill(worker.pid, blow)
        struck = time.time()
        rows = _listed(_numbers(job, _PENDING.format(rows=rows)))  # some may have left before the blow
        if not rows:
            return None
        _until(lambda: not _numbers(job, _PENDING.format(rows=rows)))
        (fenced,) = _numbers(job, _FENCED.format(worker=int(number)))
        sent = _numbers(job, _SENT_ELSEWHERE.format(rows=rows, worker=int(number)))
    finally:
        _end(worker)
    if not sent:  # the intents of all of them were on their way to the database
        return None
    first, last = sent
    return TakeOver(fenced - struck, first - struck, last - struck)


def take_overs(job: Job, times: int, fewest: int) -> Iterator[list[str]]:
    """Yield a line of the table for each kind of blow; they take turns."""
    found: dict[str, list[TakeOver]] = {name: [] for name in BLOWS}
    for _, name in itertools.product(range(times), BLOWS):
        found[name].append(take_over(job, BLOWS[name], fewest))
        say(f"{name}: {', '.join(f'{each:.2f}' for each in found[name][-1])} s")
    for name, each in found.items():
        yield [name, f"{times}", *map(_spread, zip(*each, strict=True))]


def _left(job: Job, worker: float, fewest: int) -> str:
    """Return the rows that a worker has taken and not begun, once it has begun others; none below ``fewest``."""
    rows = _numbers(job, _LEFT.format(worker=int(worker)))
    return _listed(rows) if len(rows) >= fewest else ""


def _listed(rows: Sequence[float]) -> str:
    return ",".join(f"{row:.0f}" for row in rows)


def _numbers(job: Job, statement: str) -> list[float]:
    return [float(str(value)) for line in job.ask(statement) for value in line]


def _until(ask: Callable[[], T]) -> T:
    """Ask again and again until the answer is not empty, and return it.

    Raise ``TimeoutError`` after two minutes.
    """
    end = time.monotonic() + PATIENCE_S
    while not (found := ask()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.25)
    return found


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f}, {max(seconds):.2f}"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=20, help="how often each blow is struck")
    parser.add_argument("--rate", type=int, default=RATE, help="starts a second of all workers together")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = stack.enter_context(postgres_server(is_durable=True))
        server = stack.enter_context(open_server(Rules()))
        flags = ("--rate", f"{asked.rate}/s", "--lease", f"{LEASE_S:g}s")
        rows = round(asked.rate * ROUND_S * asked.times * len(BLOWS))
        job = Job(folder, server.base_url, rows, dsn=dsn, name="takeover", flags=flags)
        stack.enter_context(running(job))
        head = ("worker is", "times", "fenced after s (p50, max)", "its first row sent", "its last row sent")
        print(table(head, take_overs(job, asked.times, max(1, asked.rate // 10))), flush=True)


if __name__ == "__main__":
    main()
