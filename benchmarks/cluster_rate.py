"""Measure how precisely several workers keep one shared rate, as a server in another process sees them.

    python -m benchmarks.cluster_rate [--seconds 40]

Each worker is the program itself in a process of its own, with a job of its own. All share the rate of an account
over a PostgreSQL server on the same machine. Prints the mean rate while all of them send, by a straight line
through the arrivals, and the most requests in any second from the first to the last.
"""

import argparse
import itertools
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import linear_regression

from benchmarks.pace import CREDENTIALS, fullest_second, our_command
from benchmarks.pace_server import PaceServer, Rules, open_server
from benchmarks.process import ROOT, clean_environment, say
from benchmarks.tables import table
from tests.postgres_server import postgres_server

RATES = (5, 50, 500)
WORKERS = (1, 2, 4)
START_S = 6.0
"""Seconds after the first arrival in which workers may still be starting."""


def work(address: str, server: PaceServer, rate: int, seconds: float) -> None:
    """Let one worker send for some seconds; its job is larger than that takes."""
    with tempfile.TemporaryDirectory() as folder:
        command = our_command(folder, server, rate, int(rate * seconds) + 10)
        shared = [*command, "--ledger", f"{address}&job={Path(folder).name}", "--yes"]
        subprocess.run(
            [*shared, "--max-duration", f"{seconds:g}s", "--concurrency", "128"],
            env=clean_environment(CREDENTIALS),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


def arrivals(address: str, rate: int, workers: int, seconds: float) -> Sequence[float]:
    """Let workers send at one rate for some seconds, and return when their requests arrived."""
    with open_server(Rules()) as server:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda _: work(address, server, rate, seconds), range(workers)))
        return [each.at for each in server.arrivals()]


def measured(address: str, rates: Sequence[int], seconds: float) -> Iterator[list[str]]:
    """Yield a row for each rate and number of workers."""
    for rate, workers in itertools.product(rates, WORKERS):
        say(f"{workers} worker(s), {rate} a second, for {seconds:g} s")
        moments = arrivals(address, rate, workers, seconds)
        began, ended = moments[0] + START_S, moments[-1] - START_S
        steady = [moment for moment in moments if began <= moment <= ended]
        mean = linear_regression(steady, range(len(steady))).slope
        worst = fullest_second(moments)
        off = f"{100 * (mean / rate - 1):+.2f} %"
        yield [f"{workers}", f"{rate}", f"{mean:.3f}", off, f"{worst}"]


def main() -> None:
    """Measure every rate with every number of workers, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40.0, help="for which each worker sends")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="starts a second")
    asked = parser.parse_args()
    with postgres_server(is_durable=True) as server:
        rows = list(measured(server, asked.rates, asked.seconds))
    print(table(("workers", "asked", "achieved", "off by", "fullest second"), rows))


if __name__ == "__main__":
    main()
