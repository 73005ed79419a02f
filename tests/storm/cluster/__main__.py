"""``python -m tests.storm.cluster``: jobs of several workers under blows, then compared with the server."""

import argparse
import asyncio
import shutil
import ssl
import sys
import tempfile
import time
from pathlib import Path

from tests.storm.cluster.figures import cluster_figures, cluster_line
from tests.storm.cluster.job import ClusterReport, Keeping
from tests.storm.cluster.storm import cluster_storm
from tests.storm.command import say, storm_parser
from tests.storm.job import Tls
from tests.tls import Authority


def main() -> int:
    """Run a storm and print its figures; return 1 if a conversation is missing, duplicated or named wrongly."""
    options = _options()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="cluster-storm-"))
    say(f"seed {options.seed}, in {folder}")
    began = time.monotonic()

    def tell(report: ClusterReport) -> None:
        say(f"{time.monotonic() - began:5.0f} s  {cluster_line(report)}")

    reports = asyncio.run(
        cluster_storm(
            folder,
            seed=options.seed,
            kills=options.kills,
            freezes=options.freezes,
            rows=options.rows,
            tls=Tls(ssl.TLSVersion.TLSv1_3, Authority(folder)),
            keepings=options.keeping or tuple(Keeping),
            tell=tell,
        )
    )
    say(cluster_figures(reports, time.monotonic() - began))
    if any(report.failures for report in reports):
        say(f"failed: kept in {folder}")
        return 1
    if options.folder is None:
        shutil.rmtree(folder)
    return 0


def _options() -> argparse.Namespace:
    numbers = (
        ("--seed", int(time.time()) % 100_000, "what everything is drawn from"),
        ("--kills", 100, "how many processes to kill, at least"),
        ("--freezes", 30, "how many processes to freeze, at least"),
        ("--rows", 600, "rows in each job"),
    )
    parser = storm_parser("tests.storm.cluster", __doc__, numbers)
    kinds = ", ".join(Keeping)
    parser.add_argument("--keeping", type=Keeping, action="append", help=f"who starts the workers: {kinds} (all)")
    return parser.parse_args()


sys.exit(main())
