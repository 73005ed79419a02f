"""Measure how precisely two workers keep the rates of many accounts, as a server in another process sees them.

    python -m benchmarks.cluster_accounts [--seconds 60] [--accounts 20] [--rate 5]

The workers are the program itself in processes of their own: the run that was typed, and a worker that joins it
over a PostgreSQL server on the same machine. The rows of the accounts take turns in the input. Prints the slowest
and the fastest mean of any account while both of them send, by a straight line through its arrivals, the most
requests that any account had in any second from the first to the last, and the mean of all accounts together.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import linear_regression
from typing import Any

from benchmarks.cluster_rate import START_S
from benchmarks.pace import fullest_second
from benchmarks.pace_server import Arrival, PaceServer, Rules, open_server
from benchmarks.process import ROOT, clean_environment, say
from benchmarks.tables import table
from tests.postgres_server import postgres_server

PROGRAM = (sys.executable, "-m", "provisioner", "--log-level", "info")


def write_job(folder: Path, accounts: int, rate: float, seconds: float) -> Mapping[str, str]:
    """Write the accounts, and far more rows of each than it can send, as in a long job; return the keys."""
    sids = [f"AC{number:032x}" for number in range(1, accounts + 1)]
    listed = [f"{sid},env:A{number},IG{sid[2:]},{rate:g}/s" for number, sid in enumerate(sids)]
    (folder / "accounts.csv").write_text("\n".join(["account_sid,credentials,address_sid,rate", *listed, ""]))
    rows = (f"{row},Customer {row},{sids[row % accounts]}" for row in range(int(accounts * rate * seconds * 20)))
    (folder / "customers.csv").write_text("\n".join(["crm_id,CustomerFriendlyName,account_sid", *rows, ""]))
    return {f"A{number}_AUTH_TOKEN": "an-invented-auth-token" for number in range(accounts)}


def arrivals(folder: Path, address: str, keys: Mapping[str, str], seconds: float) -> Sequence[Arrival]:
    """Let a run and a worker send for some seconds, and return the requests in the order of their arrival."""
    with open_server(Rules()) as server:
        environment = clean_environment({**keys})
        log = folder / "run.log"
        commands = [*PROGRAM, *_run(folder, server, seconds), "--ledger", address], [*PROGRAM, "worker", address]
        with log.open("wb") as told, _started(commands[0], environment, told) as run:
            while run.poll() is None and b"worker.joined" not in log.read_bytes():
                time.sleep(0.1)
            with _started(commands[1], environment, subprocess.DEVNULL):
                run.wait()
        return server.arrivals()


def _started(command: Sequence[str], environment: Mapping[str, str], told: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=told)


def _run(folder: Path, server: PaceServer, seconds: float) -> Sequence[str]:
    files = f"run {folder}/customers.csv -o {folder}/results.csv --accounts {folder}/accounts.csv --key crm_id"
    fixed = "--identity none --on-unknown hold --yes --canary 0"
    return f"{files} --base-url {server.base_url} --max-duration {seconds:g}s {fixed}".split()


def figures(found: Sequence[Arrival], rate: float) -> Sequence[str]:
    """Return the row of the table for these arrivals."""
    by_account: dict[str, list[float]] = {}
    for each in found:
        by_account.setdefault(each.user, []).append(each.at)
    first, last = found[0].at + START_S, found[-1].at - START_S
    means = [_mean([at for at in moments if first <= at <= last]) for moments in by_account.values()]
    whole = _mean([each.at for each in found if first <= each.at <= last])
    wanted = rate * len(by_account)
    worst = max(fullest_second(moments) for moments in by_account.values())
    off = [f"{mean:.3f} ({100 * (mean / rate - 1):+.2f} %)" for mean in (min(means), max(means))]
    return [f"{len(by_account)}", f"{rate:g}", *off, f"{worst}", f"{whole:.2f} ({100 * whole / wanted:.2f} %)"]


def _mean(moments: Sequence[float]) -> float:
    return linear_regression(moments, range(len(moments))).slope


def main() -> None:
    """Measure once, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for which the run sends")
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--rate", type=float, default=5.0, help="starts a second in each account")
    asked = parser.parse_args()
    with postgres_server(is_durable=True) as address, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = write_job(folder, asked.accounts, asked.rate, asked.seconds)
        say(f"{asked.accounts} accounts at {asked.rate:g} a second, for {asked.seconds:g} s")
        found = arrivals(folder, f"{address}&job=accounts", keys, asked.seconds)
    head = ("accounts", "asked", "slowest mean", "fastest mean", "fullest second of any", "all together")
    print(table(head, [figures(found, asked.rate)]))


if __name__ == "__main__":
    main()
