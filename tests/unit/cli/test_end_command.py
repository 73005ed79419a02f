"""The shell command of ``--on-end``: what it gets, and that it cannot hold up or change the end."""

import json
import os
import select
from pathlib import Path

import pytest

from provisioner.cli.console import Console
from provisioner.cli.end_command import MOST_OUTPUT, run_end_command
from provisioner.errors import ExitCode
from provisioner.models import Counts
from provisioner.models.summary import Summary

Capture = pytest.CaptureFixture[str]
SUMMARY = Summary(command="run", exit_code=ExitCode.UNKNOWN, counts=Counts(input=2, created=1, unknown=1))


def end(line: str, *, longest_s: float = 60.0) -> None:
    """Run a command at the end of a run."""
    run_end_command(line, SUMMARY, SUMMARY.exit_code, Console(), longest_s=longest_s)


def has_ended(pid: int) -> bool:
    """Say whether a process has ended, or does so at once; one that has may still wait for its parent."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 30)[0])
    finally:
        os.close(process)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_summary_is_on_its_stdin_and_the_end_in_its_environment(capsys: Capture) -> None:
    """The JSON is that of ``--json``; nothing is said about a command that does its work."""
    end('cat > summary; echo "$PROVISIONER_COMMAND $PROVISIONER_EXIT_CODE $PROVISIONER_OUTCOME" | tee ended')

    assert json.loads(Path("summary").read_text()) == SUMMARY.to_dict()
    assert Path("ended").read_text() == "run 5 finished\n"
    assert capsys.readouterr() == ("", "")


def test_a_command_that_does_not_read_its_stdin_does_its_work(capsys: Capture) -> None:
    """The summary need not be wanted."""
    end("exec <&-; touch done")

    assert Path("done").exists()
    assert capsys.readouterr() == ("", "")


def test_its_failure_is_a_warning_with_the_end_of_its_output(capsys: Capture) -> None:
    """What a server or a tool says reaches the terminal escaped, and not at any length."""
    end(f"printf '%{3 * MOST_OUTPUT}s' x; printf '\\033[2J first\\nlast\\n' >&2; exit 22")

    first, *said = capsys.readouterr().err.splitlines()
    assert first == "warning: the command of --on-end ended with exit code 22"
    assert said[-2].endswith("x\\x1b[2J first")
    assert said[-1] == "  last"
    assert sum(map(len, said)) < MOST_OUTPUT + 20


def test_a_command_that_is_not_there_is_a_warning(capsys: Capture) -> None:
    """The shell says what it cannot find."""
    end("no-such-program-of-ours")

    assert "warning: the command of --on-end ended with exit code 127\n" in capsys.readouterr().err


def test_it_has_a_bounded_time_and_takes_its_children_along(capsys: Capture) -> None:
    """A webhook that never answers holds up neither the end nor a child of the command."""
    end("sleep 600 & echo $! > child; wait", longest_s=2)

    assert capsys.readouterr().err == (
        "warning: the command of --on-end was stopped, because it took more than 2 s\n"
    )
    assert has_ended(int(Path("child").read_text()))


def test_a_stop_signal_ends_it_and_not_the_program(capsys: Capture) -> None:
    """Whoever presses Ctrl-C again, or a service manager that stops the service, does not wait for it."""
    for name in ("INT", "TERM", "HUP"):
        end(f"kill -{name} $PPID; sleep 600")

        assert capsys.readouterr().err == f"warning: the command of --on-end was stopped by SIG{name}\n"


def test_it_does_not_run_itself_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``provisioner`` in it does not see the variable that gave it; all other variables are there."""
    monkeypatch.setenv("PROVISIONER_RUN_ON_END", "provisioner run again.csv -o again-results.csv")
    monkeypatch.setenv("PROVISIONER_RUN_RATE", "2/s")

    end("env > seen")

    names = {line.partition("=")[0] for line in Path("seen").read_text().splitlines()}
    assert "PROVISIONER_RUN_ON_END" not in names
    assert names >= {"PROVISIONER_RUN_RATE", "PATH"} & {*os.environ}
