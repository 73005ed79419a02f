"""Measure start-up: ``--help`` compared with an empty Python, and the time until the first request arrives.

python -m benchmarks.startup [--rounds N]
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.arrival import until_first_request
from benchmarks.contenders import Call, Job, bare, locust, naive, ourselves, sdk
from benchmarks.process import Missing, Usage, measure, say
from benchmarks.provisioning import ENVIRONMENT, PROGRAM
from benchmarks.server import Server
from benchmarks.tables import table, times
from benchmarks.usages import keep

HELP = {
    "`python -c pass`": [sys.executable, "-c", "pass"],
    "`provisioner --help`": [*PROGRAM, "--help"],
    "`provisioner run --help`": [*PROGRAM, "run", "--help"],
    "`provisioner --version`": [*PROGRAM, "--version"],
}
FIRST: dict[str, tuple[Callable[[Job], Call], int]] = {
    "**run**, 25 rows": (ourselves(""), 25),
    "**run**, 10,000 rows, all planned first": (ourselves(""), 10_000),
    "bare aiohttp loop": (bare("asyncio"), 1),
    "naive aiohttp script, 25 rows": (naive, 25),
    "twilio SDK, async, 25 rows": (sdk("async"), 25),
    "twilio SDK, 32 threads, 25 rows": (sdk("threads"), 25),
    "Locust FastHttpUser, 25 rows": (locust, 25),
}


def printing(command: Sequence[str]) -> Usage:
    """Return the usage of a command that only prints."""
    return measure(command, ENVIRONMENT, Path())


def first_request(call: Callable[[Job], Call], rows: int) -> Usage:
    """Return the usage of a contender, on new files of ``rows`` rows, from its start to its first request."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def job_to(base_url: str) -> Call:
            return call(Job(folder, Server(base_url, "", folder, 0), rows))

        environment = job_to("http://127.0.0.1:1").environment
        return until_first_request(lambda base_url: job_to(base_url).command, environment, folder)


def in_turn(asked: dict[str, Callable[[], Usage]], rounds: int) -> dict[str, list[Usage]]:
    """Measure all in turn, ``rounds`` times; omit what is not installed, and say so among the tables."""
    found: dict[str, list[Usage]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, usage in asked.items():
            if name not in found:
                continue
            try:
                found[name].append(usage())
            except Missing as missing:
                say(f"skipped: {name}: {missing}")
                print(f"{name} was skipped: {missing}", end="\n\n")
                del found[name]
    return found


def usages(first: Mapping[str, tuple[Callable[[Job], Call], int]], rounds: int) -> dict[str, list[Usage]]:
    """Return the usages of contenders until their first request, by name."""
    return in_turn({name: partial(first_request, *what) for name, what in first.items()}, rounds)


def compare(found: Mapping[str, Sequence[Usage]]) -> str:
    """Return a table of the median times and their ratios to the first one."""
    medians = {name: statistics.median(each.wall_s for each in took) for name, took in found.items()}
    first = next(iter(medians.values()))
    return table(
        ("start", "ms", "times the first"),
        ((name, f"{took * 1_000:.0f}", times(took / first)) for name, took in medians.items()),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both kinds of start-up, print the tables, and return 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    print(
        compare(in_turn({name: partial(printing, command) for name, command in HELP.items()}, rounds)), end="\n\n"
    )
    print("From the start of the process to the first byte of the first request, at the server:", end="\n\n")
    found = usages(FIRST, rounds)
    keep(found)
    print(compare(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
