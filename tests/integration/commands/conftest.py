"""Fixtures for tests of complete runs."""

from pathlib import Path

import pytest

from tests.integration.commands.job import Job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Return a job with three customers."""
    job = Job(tmp_path)
    job.write(3)
    return job
