"""The benchmarks of several workers, with few rows and on a server that is there without nginx."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.cluster import HEAD, Contender, Job, scale
from benchmarks.cluster_takeover import BLOWS, running, take_over
from benchmarks.pace_server import Rules, open_server
from benchmarks.server import Server
from tests.postgres_server import address_of_session

pytestmark = pytest.mark.acceptance


@pytest.fixture
def server() -> Iterator[Server]:
    """Yield a server that answers every request with a conversation of its own."""
    with open_server(Rules()) as found:
        yield Server(found.base_url, "", Path(), os.getpid())


def test_a_job_is_measured_with_a_file_and_with_two_workers(server: Server, tmp_path: Path) -> None:
    """Each line has the speed of the whole run, its rate, and processor time of clients, database and server."""
    contenders = [
        Contender(tmp_path, server, dsn, 1_500, workers) for dsn, workers in (("", 1), (address_of_session(), 2))
    ]

    file, database = scale(contenders, 1)

    assert (file[0], database[0]) == ("file, 1", "database, 2")
    assert file[1] == "1.00"
    assert len(file) == len(database) == len(HEAD)
    assert all(float(each.replace(",", "")) for each in (*file[1:4], *database[1:3]))


@pytest.mark.parametrize("blow", BLOWS)
def test_the_rows_of_a_lost_worker_are_seen_to_leave_from_another(
    server: Server, tmp_path: Path, blow: str
) -> None:
    """They leave after it is fenced: at once when its process is gone, else when its lease is over."""
    job = Job(
        tmp_path,
        server.base_url,
        4_000,
        dsn=address_of_session(),
        name=f"takeover-{blow}",
        flags=("--rate", "200/s", "--lease", "2s"),
    )
    with running(job):
        found = take_over(job, BLOWS[blow])

    assert 0 < found.fenced_s < found.first_s <= found.last_s
    assert found.fenced_s > 1 or BLOWS[blow] is signal.SIGKILL
