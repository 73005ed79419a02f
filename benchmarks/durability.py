"""Measure the cost of durability: the same job with all writes synced to disk, and with none synced.

Runs the real pipeline against a server in another process that answers after 50 ms. Runs are made in pairs, one
with SQLite's ``synchronous=FULL`` and one with ``OFF``, so that other load on the machine affects both. The exit
code is 1 if durability costs more than 10 % of the throughput at 500 rows per second.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast
from unittest.mock import patch

import structlog

from provisioner.commands.run import run_job
from provisioner.ledger import LedgerLocation
from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import RunOptions
from tests.quiet_ui import QuietUserInterface

LATENCY_S = 0.05
RATE = 500
LEAST_RATIO = 0.9
ENVIRON = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "an-invented-auth-token"}


class Responder(asyncio.Protocol):
    """Answers every request on a connection with a new conversation, after ``LATENCY_S`` seconds."""

    numbers = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and start with an empty buffer."""
        self._transport, self._read = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        """Schedule an answer for each complete request."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self._read) < end + 4 + length:
                return
            self._read = self._read[end + 4 + length :]
            asyncio.get_running_loop().call_later(LATENCY_S, self._answer)

    def _answer(self) -> None:
        body = b'{"conversation_sid": "CH%032x", "identity": null}' % next(self.numbers)
        head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)


def respond(port: "Connection[int, int]") -> None:
    """Serve on a free loopback port, send its number through ``port``, and run until the process is terminated."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Responder, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def throughput(folder: Path, base_url: str, *, rows: int, rate: str, synchronous: str) -> float:
    """Run one complete job; return the created rows per second of sending.

    Raise ``RuntimeError`` when not every row was created.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source = Path(name, "customers.csv")
        lines = (f"C-{number},Customer {number}" for number in range(rows))
        source.write_text("\n".join(("crm_id,CustomerFriendlyName", *lines, "")), encoding="utf-8")
        options = RunOptions(
            output=Path(name, "results.csv"),
            key=("crm_id",),
            address_sid="IG" + 32 * "a",
            base_url=base_url,
            rate=rate,
            concurrency=64,
            identity="none",
            on_unknown="hold",
        )
        environment = ProcessEnvironment(ENVIRON, Path(name), "provisioner run")

        def opening(
            location: LedgerLocation, settings: Mapping[str, str], *, version: str, **_: object
        ) -> AbstractAsyncContextManager[SqliteLedger]:
            path = location.file_path()
            return open_sqlite_ledger(path, settings, version=version, synchronous=synchronous)

        with patch("provisioner.runs.run.open_ledger", opening):
            summary = asyncio.run(run_job([str(source)], options, environment, QuietUserInterface()))
    if summary.counts is None or summary.counts.created != rows or not summary.elapsed_s:
        raise RuntimeError(f"not every row was created: {summary}")
    return rows / summary.elapsed_s


def sync_ms(folder: Path) -> float:
    """Return the median time, in milliseconds, to write and sync a page of 4 KiB; 100 samples."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(bytes(4_096))
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1_000


def compare(folder: Path, base_url: str, *, rows: int, rate: str, pairs: int) -> float:
    """Run the pairs, print the throughput of each, and return the ratio of the medians (FULL divided by OFF)."""
    found: dict[str, list[float]] = {"FULL": [], "OFF": []}
    for number in range(pairs):
        for synchronous in sorted(found, reverse=bool(number % 2)):
            found[synchronous].append(throughput(folder, base_url, rows=rows, rate=rate, synchronous=synchronous))
        print(f"  pair {number + 1}: FULL {found['FULL'][-1]:7.1f}/s   OFF {found['OFF'][-1]:7.1f}/s", flush=True)
    full, off = (statistics.median(found[each]) for each in ("FULL", "OFF"))
    print(f"  median: FULL {full:7.1f}/s   OFF {off:7.1f}/s   ratio {full / off:.3f}")
    return full / off


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare with the rate limit and without one; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_500)
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk to be measured")
    asked = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    ours, theirs = multiprocessing.Pipe()
    responder = multiprocessing.get_context("spawn").Process(target=respond, args=(theirs,), daemon=True)
    responder.start()
    try:
        base_url = f"http://127.0.0.1:{ours.recv()}"
        print(f"this disk syncs a page in {sync_ms(asked.folder):.2f} ms")
        how_many = {"rows": asked.rows, "pairs": asked.pairs}
        print(f"{RATE}/s asked for, {asked.rows:,} rows, {LATENCY_S * 1000:.0f} ms, 64 in flight")
        ratio = compare(asked.folder, base_url, rate=f"{RATE}/s", **how_many)
        print("no pace limit, for information")
        compare(asked.folder, base_url, rate="0", **how_many)
    finally:
        responder.terminate()
        responder.join()
    print(f"durability keeps {ratio:.1%} of the throughput at {RATE}/s; at least {LEAST_RATIO:.0%} is promised")
    return int(ratio < LEAST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
