"""The storm, short: the real program under every fault, killed and started again until it is done."""

import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storm.figures import figures, line_of
from tests.storm.job import Budget, Job, Report, Tls, storm_over
from tests.storm.shapes import SHAPES
from tests.storm.storm import storm
from tests.tls import Authority

pytestmark = pytest.mark.acceptance

SEED = 7


def told(reports: list[Report], elapsed_s: float) -> str:
    """Say everything that is needed to repeat it."""
    return "\n".join((f"seed {SEED}", *map(line_of, reports), figures(reports, elapsed_s)))


async def test_a_storm_loses_nothing_and_makes_nothing_twice(tmp_path: Path) -> None:
    """Ten kills later every row has the one conversation that its line names, and its doubts their evidence.

    All goes over TLS 1.3, as it does to Twilio, and on uvloop where that is installed.
    """
    began, tls = time.monotonic(), Tls(ssl.TLSVersion.TLSv1_3, Authority(tmp_path))

    reports = await storm(tmp_path, seed=SEED, kills=10, rows=30, share=4, at_once=3, tls=tls)

    story = told(reports, time.monotonic() - began)
    assert [failure for report in reports for failure in report.failures] == [], story
    assert sum(report.kills for report in reports) == 10, story
    assert sum(report.evidence.rows for report in reports) > 0, story


async def test_a_storm_sees_what_is_made_twice(tmp_path: Path) -> None:
    """Rows that are sent again blindly are made twice, and the storm names them with what the ledger holds."""
    rash = replace(SHAPES[0], flags=f"{SHAPES[0].flags} --on-unknown resend")

    report = await storm_over(Job(0, rash, SEED, rows=40, kills=0), tmp_path, Budget(0))

    twice = {row for fault in report.account.twice for row in fault.rows}
    assert twice
    assert report.account.missing == ()
    assert len(report.evidence.breaches) >= len(twice)
    assert {int(trail.split(",")[0].removeprefix("row ")) for trail in report.trails} >= twice
