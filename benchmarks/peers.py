"""Compare a complete ``run`` with other clients: 50,000 rows, no rate limit, the same server.

    python -m benchmarks.peers [--only TEXT] [--rounds N] [--cookbook PATH]

The clients run in turn, one after the other in each round. The start-up cost is measured separately, with the
fewest rows possible, so that a slow client can be given fewer rows: its figures are computed for one start and
50,000 rows.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.contenders import Call, Contender, Job, artillery, bare, locust, naive, newman, ourselves, sdk, wrk
from benchmarks.cookbook import cookbook
from benchmarks.process import Missing, Usage, measure, say
from benchmarks.server import Server, open_server
from benchmarks.standings import Standing, print_standings
from benchmarks.usages import keep

STARTS = 3


def contenders(script: str) -> list[Contender]:
    """Return all contenders, this program first; ``script`` is the path of the cookbook script, or empty."""
    return [
        Contender("**run**, uvloop", "durably", ourselves("uvloop")),
        Contender("**run**, asyncio", "durably", ourselves("asyncio")),
        Contender("**run**, uvloop, TLS 1.3", "durably", ourselves("uvloop", tls=True)),
        Contender("**run**, asyncio, TLS 1.3", "durably", ourselves("asyncio", tls=True)),
        Contender("bare aiohttp loop, uvloop", "no", bare("uvloop")),
        Contender("bare aiohttp loop, asyncio", "no", bare("asyncio")),
        Contender("naive aiohttp script", "yes", naive),
        Contender("twilio SDK, async", "no", sdk("async")),
        Contender("twilio SDK, 32 threads", "no", sdk("threads"), rows=6_000),
        Contender("Locust FastHttpUser", "no", locust),
        Contender("Artillery", "no", artillery, rows=6_400, runs=3, least=64),
        Contender("newman", "no", newman, rows=300, runs=3),
        Contender("cookbook script", "yes", cookbook(script), rows=3_000, runs=3),
        Contender("wrk", "no", wrk, rows=0),
    ]


def once(contender: Contender, folder: Path, server: Server, rows: int) -> tuple[int, Usage]:
    """Run a contender once; return the number of requests that the server received, and the usage.

    Raises:
        Missing: Something the contender needs is not installed.
        RuntimeError: It failed, or the server did not receive exactly one request for each row.
    """
    call: Call = contender.call(Job(folder, server, rows))
    before = server.requests()
    usage = measure(call.command, call.environment, folder)
    answered = server.requests() - before - 1
    if rows and answered != rows:
        raise RuntimeError(f"{contender.name}: the server saw {answered:,} requests for {rows:,} rows")
    return answered, usage


def start_of(contender: Contender, folder: Path, server: Server) -> Usage:
    """Return the median usage of ``STARTS`` runs with the fewest rows possible, as the cost of start-up."""
    if not contender.rows:
        return Usage(0, 0, 0)
    runs = [once(contender, folder, server, contender.least)[1] for _ in range(STARTS)]
    wall_s, cpu_s = (
        statistics.median(part) for part in zip(*((run.wall_s, run.cpu_s) for run in runs), strict=True)
    )
    return Usage(wall_s, cpu_s, 0)


def begin(asked: Sequence[Contender], folder: Path, server: Server) -> Iterator[Standing]:
    """Measure the start-up of each contender and yield those that work; report the others with the reason."""
    for contender in asked:
        try:
            yield Standing(contender, start_of(contender, folder, server))
        except Missing as missing:
            give_up(contender, f"skipped: {missing}")
        except RuntimeError as failure:
            give_up(contender, f"failed: {failure}")


def give_up(contender: Contender, why: str) -> None:
    """Print among the tables that a contender is missing from them, and the complete reason to stderr."""
    say(f"{contender.name} {why}")
    print(f"{contender.name} was {why.splitlines()[0]}", end="\n\n")


def compare(asked: Sequence[Contender], rounds: int, folder: Path, server: Server) -> list[Standing]:
    """Run all contenders in turn, ``rounds`` times; return the figures of those that never failed."""
    standings = list(begin(asked, folder, server))
    for number in range(1, rounds + 1):
        for standing in [each for each in standings if number <= each.contender.runs]:
            contender = standing.contender
            try:
                answered, usage = once(contender, folder, server, contender.rows)
            except RuntimeError as failure:
                give_up(contender, f"failed: {failure}")
                standings.remove(standing)
            else:
                standing.runs.append((answered, usage))
                say(f"round {number}: {contender.name}: {answered / usage.wall_s:,.0f} rows/s")
    return standings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and print the tables; return 1 if this program could not be measured, else 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="those whose name has this text, and ourselves")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cookbook", default=os.environ.get("COOKBOOK", ""), help="the cookbook's script")
    asked = parser.parse_args(arguments)
    chosen = [each for each in contenders(asked.cookbook) if asked.only in each.name or "run" in each.name]
    try:
        with tempfile.TemporaryDirectory() as folder, open_server() as server:
            standings = compare(chosen, asked.rounds, Path(folder), server)
    except Missing as missing:
        print(f"Skipped: {missing}.")
        return 1
    keep({each.name: () for each in chosen} | {each.contender.name: each.jobs() for each in standings})
    print_standings(standings)
    return int(not any("run" in each.contender.name for each in standings))


if __name__ == "__main__":
    sys.exit(main())
