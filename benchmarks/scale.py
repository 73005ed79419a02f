"""Measure whether a row costs the same in a long file as in a short one, and the memory of a long file.

    python -m benchmarks.scale [--most ROWS] [--repeats N]

The cost of a row is the difference between two file lengths, so that start-up is not included. It is in processor
time, which depends little on other load. The longest job takes most of the time; ``--most 100000`` omits it.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arrival import until_first_request
from benchmarks.customers import write_customers
from benchmarks.process import Missing, Usage, measure, say
from benchmarks.provisioning import ENVIRONMENT, PROGRAM, run_command
from benchmarks.server import open_server
from benchmarks.tables import table, times
from benchmarks.usages import keep

SIZES = (10_000, 20_000, 100_000, 1_000_000)
SPANS = ((10_000, 100_000), (100_000, 1_000_000))
COMMANDS = ("check", "run", "resume", "export", "report", "first request")


def long_file(command: str, rows: int) -> str:
    """Return the name under which the usage of a command on a file of ``rows`` rows is kept."""
    return f"{command}, {rows:,} rows"


class Scale:
    """Measures the commands on files of different lengths against one server."""

    def __init__(self, folder: Path, base_url: str, repeats: int, commands: Sequence[str] = COMMANDS) -> None:
        self._folder, self._base_url, self._repeats, self._commands = folder, base_url, repeats, commands

    def measure(self, rows: int) -> dict[str, Usage]:
        """Return the usage by command on a file of ``rows`` rows.

        ``resume``, ``export`` and ``report`` use the job that ``run`` has made.
        """
        customers = write_customers(self._folder, rows)
        output = self._folder / f"results-{rows}.csv"
        run = run_command(customers, output, self._base_url)
        check = [*PROGRAM, "check", str(customers), "--key", "crm_id"]
        measures = {
            "check": lambda: self._repeated(check),
            "run": lambda: measure(run, ENVIRONMENT, self._folder),
            "resume": lambda: self._repeated(run),
            "export": lambda: self._repeated(self._from_ledger("export", output, "export.csv")),
            "report": lambda: self._repeated(self._from_ledger("report", output, "report.html")),
            "first request": lambda: self._first_request(customers),
        }
        found = {command: measures[command]() for command in self._commands}
        for left in (*self._folder.glob(f"results-{rows}.csv*"), customers):
            left.unlink()
        return found

    def _from_ledger(self, command: str, output: Path, page: str) -> list[str]:
        """Return a command that writes a file from the ledger of the job."""
        return [*PROGRAM, command, f"{output}.ledger", "-o", str(self._folder / page), "--overwrite"]

    def _repeated(self, command: Sequence[str]) -> Usage:
        """Return the median usage of several runs."""
        runs = [measure(command, ENVIRONMENT, self._folder) for _ in range(self._repeats)]
        walls, cpus, peaks = zip(*((run.wall_s, run.cpu_s, run.peak_mib) for run in runs), strict=True)
        return Usage(statistics.median(walls), statistics.median(cpus), statistics.median(peaks))

    def _first_request(self, customers: Path) -> Usage:
        """Return the usage of a run until its first request arrives, which includes all planning."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            output = Path(name, "results.csv")
            return until_first_request(lambda url: run_command(customers, output, url), ENVIRONMENT, Path(name))


def measure_all(scale: Scale, most: int) -> dict[int, dict[str, Usage]]:
    """Return the usage by number of rows and command, for all lengths up to ``most`` rows."""
    found = {}
    for rows in (rows for rows in SIZES if rows <= most):
        found[rows] = scale.measure(rows)
        keep({long_file(command, rows): [usage] for command, usage in found[rows].items()})
        told = (f"{name} {each.wall_s:.2f} s" for name, each in found[rows].items())
        say(f"{rows:,} rows: {', '.join(told)}")
    return found


def print_scale(found: dict[int, dict[str, Usage]]) -> None:
    """Print the cost of a row at each length, the peak memory, and the targets."""
    lengths = [f"{rows:,} rows" for rows in found]
    most, spans = max(found), [(low, high) for low, high in SPANS if high in found]
    print("Seconds, and microseconds of processor time for each row that a longer file has more:", end="\n\n")
    head = ("command", *lengths, *(f"µs, {low:,} to {high:,}" for low, high in spans), "last ÷ first")
    print(table(head, (line(each, found, spans) for each in COMMANDS)), end="\n\n")
    print("Peak memory, MiB:", end="\n\n")
    peaks = ((each, *(f"{at[each].peak_mib:.1f}" for at in found.values())) for each in COMMANDS)
    print(table(("command", *lengths), peaks), end="\n\n")
    grown = found[most]["run"].peak_mib - found[min(20_000, most)]["run"].peak_mib
    print(table(("asked", "at", "found"), judge(most, found[most], grown)))


def line(command: str, found: dict[int, dict[str, Usage]], spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Return the table row of one command: its seconds, its processor time per row, and how that grew."""
    costs = [(found[high][command].cpu_s - found[low][command].cpu_s) / (high - low) * 1e6 for low, high in spans]
    seconds = (f"{at[command].wall_s:.2f}" for at in found.values())
    return (command, *seconds, *(f"{cost:.1f}" for cost in costs), times(costs[-1] / costs[0]) if costs else "")


def judge(rows: int, most: dict[str, Usage], grown: float) -> list[tuple[str, ...]]:
    """Return table rows with the targets for the longest file and the measured values."""
    at = f"{rows:,} rows"
    speeds = {name: f"{rows / usage.wall_s:,.0f} rows/s" for name, usage in most.items()}
    return [
        ("plan by `check`: ≥ 60,000 rows/s", at, speeds["check"]),
        ("plan by `run`, until its first request: ≥ 60,000 rows/s", at, speeds["first request"]),
        ("`export`: ≥ 100,000 rows/s", at, speeds["export"]),
        ("resume of a finished job: < 5 s", at, f"{most['resume'].wall_s:.2f} s"),
        ("peak memory of `run`: < 80 MiB", at, f"{most['run'].peak_mib:.1f} MiB"),
        ("peak memory of `run`, above that of 20,000 rows: < 5 MiB", at, f"{grown:.1f} MiB"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all lengths and print the tables; return 1 if something is not installed, else 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, default=SIZES[-1], help="rows of the longest file")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder, open_server() as server:
            found = measure_all(Scale(Path(folder), server.base_url, asked.repeats), asked.most)
    except Missing as missing:
        print(f"Skipped: {missing}.")
        return 1
    print_scale(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
