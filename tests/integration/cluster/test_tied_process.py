"""A worker that ends with the process that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.fake_worker import FakeLedger

_PARENT = """
import os, subprocess, sys
subprocess.run([sys.executable, "-m", "provisioner.cluster.tied_process", str(os.getpid()), "tests.fake_worker",
                "worker", sys.argv[1]])
"""


def test_a_tied_worker_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """It gets SIGTERM within a second, also when that process was killed, and has its arguments as they were."""
    ledger = FakeLedger(tmp_path)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)], env=environ) as parent:
        while not ledger.started():
            time.sleep(0.02)

        parent.send_signal(signal.SIGKILL)

    last = time.monotonic() + 20
    while ledger.alive():
        assert time.monotonic() < last
        time.sleep(0.05)
    assert ledger.started()[0]["arguments"] == ["worker", str(tmp_path)]
    assert (tmp_path / "signalled").exists()
