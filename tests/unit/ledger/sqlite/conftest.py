"""Fixtures for tests of ledger files."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65_534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a ledger that does not exist yet."""
    return tmp_path / "job.ledger"


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[None]:
    """Run the test as an unprivileged user, because root can write every file."""
    if os.geteuid() != 0:
        yield
        return
    temporary = Path(tempfile.gettempdir())
    for folder in (folder for folder in tmp_path.parents if temporary in folder.parents):
        folder.chmod(0o755)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
