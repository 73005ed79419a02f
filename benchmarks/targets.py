"""Compare what is asked of the program's speed with what it reaches, in one table.

    python -m benchmarks.targets [--against COMMIT] [--rounds N] [--rows ROWS] [--most ROWS]

Takes what other parts have kept (see ``usages``) and measures the rest. What is compared runs in turn, and a ratio
is the median of those of each round. Processor time is user and system time, which depends less on other load than
seconds do.
"""

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import peers, startup
from benchmarks.asked import (
    AGAINST,
    BARE_ASYNCIO,
    BARE_UVLOOP,
    FIRST_BARE,
    FIRST_RUN,
    HEAD,
    LOCUST,
    NAIVE,
    NOW,
    RUN,
    SDK,
    targets,
)
from benchmarks.contenders import ROWS, Call, Contender, Job, ourselves
from benchmarks.process import ROOT, Missing, Usage, say, tool
from benchmarks.scale import SIZES, Scale, long_file
from benchmarks.server import Server, open_server
from benchmarks.tables import table
from benchmarks.usages import Usages, kept

PEERS = (RUN, BARE_UVLOOP, BARE_ASYNCIO, LOCUST, SDK, NAIVE)
STARTS = (FIRST_RUN, FIRST_BARE)
LONG = ("check", "run", "report")


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Yield a folder with the program as it was at a commit.

    Raises:
        Missing: This is no clone of the repository, or it has no such commit.
    """
    packed = subprocess.run(
        [tool("git"), "-C", str(ROOT), "archive", commit, "provisioner"], capture_output=True, check=False
    )
    if packed.returncode:
        raise Missing(f"git has no commit {commit} here")
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
        yield Path(folder)


def program_in(folder: Path) -> Callable[[Job], Call]:
    """Return the call of the program in ``folder``, with the packages of this environment."""

    def call(job: Job) -> Call:
        ours = ourselves("uvloop")(job)
        return Call(ours.command, {**ours.environment, "PYTHONPATH": str(folder)})

    return call


class Measurement:
    """Measures what the targets need and no other part has kept.

    What is compared has ``rows`` rows and takes ``rounds`` turns; the long file has ``most`` rows.
    """

    def __init__(self, server: Server, folder: Path, *, rounds: int, rows: int, most: int) -> None:
        self._server, self._folder = server, folder
        self._rounds, self._rows, self._most = rounds, rows, most

    def paired(self, other: Path) -> Usages:
        """Return the usages of this program and of that in the folder ``other``, in turn."""
        now = Contender(NOW, "durably", ourselves("uvloop"))
        return self._compared([now, replace(now, name=AGAINST, call=program_in(other))])

    def missing(self, known: Usages) -> Usages:
        """Return the usages that are not among ``known``."""
        found: dict[str, Sequence[Usage]] = {}
        if any(name not in known for name in PEERS):
            found |= self._compared([each for each in peers.contenders("") if each.name in PEERS])
        if any(name not in known for name in STARTS):
            found |= startup.usages({name: startup.FIRST[name] for name in STARTS}, self._rounds)
        if any(long_file(command, self._most) not in known for command in LONG):
            long = Scale(self._folder, self._server.base_url, self._rounds, LONG).measure(self._most)
            found |= {long_file(command, self._most): [usage] for command, usage in long.items()}
        return found

    def _compared(self, asked: Sequence[Contender]) -> Usages:
        fewer = [replace(each, rows=self._rows, runs=self._rounds) for each in asked]
        standings = peers.compare(fewer, self._rounds, self._folder, self._server)
        return {each.contender.name: each.jobs() for each in standings}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing and print the table; return 1 if something is not installed, else 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", default=os.environ.get("AGAINST", ""), help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a run that is compared")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="rows of the long file")
    asked = parser.parse_args(arguments)
    usages = kept()
    try:
        with tempfile.TemporaryDirectory() as folder, open_server() as server:
            measurement = Measurement(server, Path(folder), rounds=asked.rounds, rows=asked.rows, most=asked.most)
            if asked.against:
                with checked_out(asked.against) as other:
                    usages = {**usages, **measurement.paired(other)}
            else:
                say("--against names no commit: the table does not compare with one")
            usages = {**usages, **measurement.missing(usages)}
    except Missing as missing:
        print(f"Skipped: {missing}.")
        return 1
    print(table(HEAD, (each.line(usages) for each in targets(asked.most, asked.against))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
