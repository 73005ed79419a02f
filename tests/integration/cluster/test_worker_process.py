"""One worker as a process."""

import os
import sys
import time
from pathlib import Path

import pytest

from provisioner.cluster import worker_process
from provisioner.cluster.replacement import WorkerExit
from provisioner.cluster.worker_process import WorkerProcess, own_program, worker_command


def ending_of(*code: str) -> WorkerExit:
    """Run Python code as a worker and return how it ended."""
    with WorkerProcess((sys.executable, "-c", "\n".join(code)), os.environ, is_quiet=True) as process:
        while True:
            if (ended := process.poll()) is not None:
                return ended
            time.sleep(0.01)


def test_the_error_of_the_summary_says_why_a_worker_ended() -> None:
    """The summary is found among the lines of the log, and its texts are shown without control characters."""
    summary = r'{"exit_code": 6, "error": {"message": "\u001b[2Jstopped", "cure": "look", "kind": "guard"}}'

    ended = ending_of(f"print('first'); print({summary!r}); print('last'); raise SystemExit(6)")

    assert (ended.code, ended.message, ended.cure) == (6, r"\x1b[2Jstopped", "look")


def test_a_worker_without_an_error_gives_no_reason() -> None:
    """A summary without an error says enough; so does a signal."""
    finished = ending_of("""print('{"exit_code": 5, "error": null}'); raise SystemExit(5)""")
    killed = ending_of("import os, sys", "print('working', flush=True)", "os.kill(os.getpid(), 9)")

    assert (finished.code, finished.message) == (5, "")
    assert (killed.code, killed.message) == (-9, "")


def test_the_last_line_says_why_a_program_did_not_start() -> None:
    """Python itself may fail, which prints no summary."""
    ended = ending_of("import provisioner.no_such_module")

    assert ended.code == 1
    assert ended.message == "ModuleNotFoundError: No module named 'provisioner.no_such_module'"


def test_the_output_of_a_worker_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of days may log as much as it likes; its last lines are kept."""
    monkeypatch.setattr(worker_process, "MOST_OUTPUT", 100_000)
    code = """if True:
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("last"))
        print("x" * 400_000, flush=True)
        signal.pause()
    """

    with WorkerProcess((sys.executable, "-c", code), os.environ, is_quiet=True) as process:
        output = Path(f"/proc/{process.pid}/fd/1")
        while output.stat().st_size < 400_000:
            time.sleep(0.01)
        assert process.poll() is None
        assert output.stat().st_size == 0
        process.terminate()
        while (ended := process.poll()) is None:
            time.sleep(0.01)

    assert ended.message == "last"


def test_a_worker_runs_this_package_and_no_folder_of_its_name(tmp_path: Path) -> None:
    """The working folder may hold anything."""
    (tmp_path / "provisioner").mkdir()
    (tmp_path / "provisioner" / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        command = worker_command((*own_program(), "--version"), "an address", ("--loop", "auto"))
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        with WorkerProcess(command, environ, is_quiet=True) as process:
            while (ended := process.poll()) is None:
                time.sleep(0.01)

    assert command[-5:] == ["worker", "an address", "--loop", "auto", "--json"]
    assert ended.code == 0
    assert ended.message.startswith("provisioner ")
