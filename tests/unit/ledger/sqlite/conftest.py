"""What tests of the ledger's files share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65_534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a ledger that is not there yet."""
    return tmp_path / "job.ledger"


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[None]:
    """Act as a user without rights of its own, because root may write everything."""
    if os.geteuid() != 0:
        yield
        return
    folders = [folder for folder in [tmp_path, *tmp_path.parents] if folder.name.startswith("pytest")]
    for folder in folders:
        folder.chmod(0o755)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
