"""The ledger of fake workers."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from provisioner.cluster import keeper
from tests.fake_worker import FakeLedger


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLedger]:
    """Return the ledger of fake workers, none of which outlives the test."""
    monkeypatch.setattr(keeper, "ASK_S", 0.1)
    fake = FakeLedger(tmp_path)
    yield fake
    for pid in fake.alive():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
