"""Measure how precisely the rate is kept, as a server in another process sees it, compared with other limiters.

    python -m benchmarks.pace [--seconds 16] [--rows 100000]

Prints the mean rate and the most requests in one second for each rate. Prints also the cost of waiting: the
processor time of a run at 5/s over a file of many rows, minus that of the same run with one row sent. A limiter
that is not installed is omitted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from subprocess import DEVNULL

from benchmarks.pace_peers import PEERS
from benchmarks.pace_server import PaceServer, Rules, open_server
from benchmarks.process import ROOT, Usage, clean_environment, measure, say
from benchmarks.tables import table

SLOW, FAST = (1, 5, 50), 500
LOOPS = ("uvloop", "asyncio")
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
CREDENTIALS = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "an-invented-auth-token"}
Sender = Callable[[PaceServer, float, int], Usage]


def our_command(folder: str, server: PaceServer, rate: float | str, rows: int) -> list[str]:
    """Write a file of ``rows`` rows and return the command that sends them at ``rate``."""
    lines = (f"C-{number},Customer {number}" for number in range(rows))
    source = Path(folder, "customers.csv")
    source.write_text("\n".join(("crm_id,CustomerFriendlyName", *lines, "")), encoding="ascii")
    asked = f"run {source} -o {folder}/results.csv --key crm_id --base-url {server.base_url} --rate {rate}"
    fixed = f"--address-sid {'IG' + 32 * 'a'} --identity none --on-unknown hold"
    return [sys.executable, "-m", "provisioner", *asked.split(), *fixed.split()]


def send_ours(server: PaceServer, rate: float | str, count: int, *, options: Sequence[str] = ()) -> Usage:
    """Send ``count`` rows with this program at ``rate``; return its usage."""
    with tempfile.TemporaryDirectory() as folder:
        return measure([*our_command(folder, server, rate, count), *options], CREDENTIALS, ROOT)


def send_peer(name: str, server: PaceServer, rate: float, count: int) -> Usage:
    """Send ``count`` requests with the peer ``name`` at ``rate``; return its usage."""
    command = [str(PEERS_PYTHON), "-m", "benchmarks.pace_peers", name, server.base_url, str(rate), str(count)]
    return measure(command, {}, ROOT)


def fullest_second(moments: Sequence[float]) -> int:
    """Return the maximum number of arrivals in any window of one second; ``moments`` are ascending seconds."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def row_of(name: str, send: Sender, rate: int, seconds: float) -> list[str]:
    """Send at ``rate`` for ``seconds`` seconds and return the table row."""
    with open_server(Rules()) as server:
        send(server, rate, max(int(rate * seconds), 2) + 1)
        moments = [each.at for each in server.arrivals()]
    mean = (len(moments) - 1) / (moments[-1] - moments[0])
    return [name, f"{rate}", f"{mean:.3f}", f"{100 * (mean / rate - 1):+.2f} %", f"{fullest_second(moments)}"]


def senders() -> dict[str, Sender]:
    """Return the senders by name; print to stderr which ones are not installed."""
    found: dict[str, Sender] = {
        f"provisioner run, {loop}": partial(send_ours, options=("--loop", loop)) for loop in LOOPS
    }
    if PEERS_PYTHON.exists():
        found |= {name: partial(send_peer, name) for name in PEERS}
    else:
        say(f"{' and '.join(PEERS)} are left out: make bench installs them")
    return found


def measured(seconds: float) -> Iterable[list[str]]:
    """Yield the table rows: for each sender, the slow rates at the same time, then the fast rate alone."""
    for name, send in senders().items():
        say(f"{name}: {', '.join(map(str, SLOW))} a second for {seconds:g} s, then {FAST} for {seconds / 2:g} s")
        with ThreadPoolExecutor(len(SLOW)) as pool:
            yield from pool.map(lambda rate, name=name, send=send: row_of(name, send, rate, seconds), SLOW)
        yield row_of(name, send, FAST, seconds / 2)


def processor_s(rows: int, count: int) -> float:
    """Send ``count`` of ``rows`` rows at 5/s; return the processor time in seconds.

    Raise ``RuntimeError`` when another number of requests arrived.
    """
    with open_server(Rules()) as server, tempfile.TemporaryDirectory() as folder:
        command = [*our_command(folder, server, 5, rows), "--limit", str(count)]
        process = subprocess.Popen(
            command, env=clean_environment(CREDENTIALS), cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL
        )
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
        if len(server.arrivals()) != count:
            raise RuntimeError(f"{count} rows were to be sent")
    return used.ru_utime + used.ru_stime


def share_of_a_core(rows: int, seconds: float) -> float:
    """Return the share of a core that a run at 5/s uses, without start-up, planning and results.

    ``rows`` is the number of rows in the file; sending takes ``seconds`` seconds.
    """
    say(f"5 a second for {seconds:g} s with {rows:,} rows waiting")
    with ThreadPoolExecutor(2) as pool:
        one, many = pool.map(lambda count: processor_s(rows, count), (1, int(5 * seconds) + 1))
    return (many - one) / seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all senders, print the tables, and return 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--seconds", type=float, default=16.0, help="at each slow rate; half of it at the fast one"
    )
    parser.add_argument("--rows", type=int, default=100_000, help="in the file whose waiting is measured")
    asked = parser.parse_args(arguments)
    head = ("sender", "asked", "achieved", "off by", "fullest second")
    print(table(head, measured(asked.seconds)))
    share = share_of_a_core(asked.rows, 2 * asked.seconds)
    print(f"\nAt 5/s with {asked.rows:,} rows waiting, a run takes {share:.2%} of a core.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
