"""How closely the pace is kept, as a server in another process sees it, beside what a user would write instead.

    python -m benchmarks.pace [--seconds 16] [--rows 100000]

Prints the mean and the fullest second at each rate, and what waiting costs: the processor time of a run at 5/s in
a file of many rows, less that of the same run which sends one row. A peer that is not installed is left out.
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
    """Write a file of so many rows and return the command that sends them."""
    lines = (f"C-{number},Customer {number}" for number in range(rows))
    source = Path(folder, "customers.csv")
    source.write_text("\n".join(("crm_id,CustomerFriendlyName", *lines, "")), encoding="ascii")
    asked = f"run {source} -o {folder}/results.csv --key crm_id --base-url {server.base_url} --rate {rate}"
    fixed = f"--address-sid {'IG' + 32 * 'a'} --identity none --on-unknown hold"
    return [sys.executable, "-m", "provisioner", *asked.split(), *fixed.split()]


def send_ours(server: PaceServer, rate: float | str, count: int, *, options: Sequence[str] = ()) -> Usage:
    """Run the program on so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        return measure([*our_command(folder, server, rate, count), *options], CREDENTIALS, ROOT)


def send_peer(name: str, server: PaceServer, rate: float, count: int) -> Usage:
    """Run a peer."""
    command = [str(PEERS_PYTHON), "-m", "benchmarks.pace_peers", name, server.base_url, str(rate), str(count)]
    return measure(command, {}, ROOT)


def fullest_second(moments: Sequence[float]) -> int:
    """Return the most arrivals that any window of one second holds."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def row_of(name: str, send: Sender, rate: int, seconds: float) -> list[str]:
    """Send for so long and return the row of the table."""
    with open_server(Rules()) as server:
        send(server, rate, max(int(rate * seconds), 2) + 1)
        moments = [each.at for each in server.arrivals()]
    mean = (len(moments) - 1) / (moments[-1] - moments[0])
    return [name, f"{rate}", f"{mean:.3f}", f"{100 * (mean / rate - 1):+.2f} %", f"{fullest_second(moments)}"]


def senders() -> dict[str, Sender]:
    """Return who takes part, and say who does not."""
    found: dict[str, Sender] = {
        f"provisioner run, {loop}": partial(send_ours, options=("--loop", loop)) for loop in LOOPS
    }
    if PEERS_PYTHON.exists():
        found |= {name: partial(send_peer, name) for name in PEERS}
    else:
        say(f"{' and '.join(PEERS)} are left out: make bench installs them")
    return found


def measured(seconds: float) -> Iterable[list[str]]:
    """Yield the rows: the slow rates of one sender at a time together, then the fast one alone."""
    for name, send in senders().items():
        say(f"{name}: {', '.join(map(str, SLOW))} a second for {seconds:g} s, then {FAST} for {seconds / 2:g} s")
        with ThreadPoolExecutor(len(SLOW)) as pool:
            yield from pool.map(lambda rate, name=name, send=send: row_of(name, send, rate, seconds), SLOW)
        yield row_of(name, send, FAST, seconds / 2)


def processor_s(rows: int, count: int) -> float:
    """Send ``count`` of so many rows at 5/s and return the seconds of processor time that took."""
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
    """Return what a run at 5/s takes of a core while ``rows`` rows wait, without start-up, plan and results."""
    say(f"5 a second for {seconds:g} s with {rows:,} rows waiting")
    with ThreadPoolExecutor(2) as pool:
        one, many = pool.map(lambda count: processor_s(rows, count), (1, int(5 * seconds) + 1))
    return (many - one) / seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0."""
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
