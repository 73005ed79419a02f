"""``python -m tests.storm``: the long crash test, which kills and restarts jobs and then compares the results."""

import argparse
import asyncio
import shutil
import ssl
import sys
import tempfile
import time
from pathlib import Path

from tests.storm.command import say, storm_parser
from tests.storm.figures import figures, line_of
from tests.storm.job import Report, Tls
from tests.storm.storm import storm
from tests.tls import Authority

VERSIONS = {"1.3": ssl.TLSVersion.TLSv1_3, "1.2": ssl.TLSVersion.TLSv1_2}


def main() -> int:
    """Run a storm and print its figures; return 1 if a conversation is missing, duplicated or named wrongly."""
    options = _options()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="storm-"))
    say(f"seed {options.seed}, in {folder}, over {f'TLS {options.tls}' if options.tls in VERSIONS else 'http'}")
    tls = Tls(VERSIONS[options.tls], Authority(folder)) if options.tls in VERSIONS else None
    began = time.monotonic()

    def tell(report: Report) -> None:
        say(f"{time.monotonic() - began:5.0f} s  {line_of(report)}")

    reports = asyncio.run(
        storm(
            folder,
            seed=options.seed,
            kills=options.kills,
            rows=options.rows,
            share=options.share,
            at_once=options.at_once,
            tls=tls,
            tell=tell,
        )
    )
    say(figures(reports, time.monotonic() - began))
    failed = [report.job.number for report in reports if report.failures]
    if failed:
        say(f"failed: jobs {', '.join(map(str, failed))} of seed {options.seed}, kept in {folder}")
        return 1
    if options.folder is None:
        shutil.rmtree(folder)
    return 0


def _options() -> argparse.Namespace:
    numbers = (
        ("--seed", int(time.time()) % 100_000, "what everything is drawn from"),
        ("--kills", 300, "how many lives to end by signals"),
        ("--rows", 500, "rows in each job"),
        ("--share", 24, "most kills in one job"),
        ("--at-once", 5, "jobs at a time"),
    )
    parser = storm_parser("tests.storm", __doc__, numbers)
    choices = (*VERSIONS, "none")
    parser.add_argument(
        "--tls", choices=choices, default=choices[0], help="what the simulator speaks (%(default)s)"
    )
    return parser.parse_args()


sys.exit(main())
