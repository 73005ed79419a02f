"""What Python would tell of by itself is told by type and place, on stderr while no log is open."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.hooks import Hooks

PROBE = """
import asyncio, sys, threading, warnings
from provisioner.cli.main import main

class Row:
    def __repr__(self): return "Ada Lovelace"
    def __del__(self): warnings.warn("Ada Lovelace"); raise ValueError("Ada Lovelace")
    def fail(self): raise ValueError("Ada Lovelace")

row = Row()
main()
thread = threading.Thread(target=row.fail, name="Ada Lovelace")
thread.start(); thread.join()
warnings.warn("Ada Lovelace")
Row()
row.fail()
"""


@pytest.mark.acceptance
def test_what_nobody_caught_is_told_without_its_text(tmp_path: Path) -> None:
    """Before and after a command's log, in threads, finalizers and warnings, and as the interpreter shuts down."""
    probe = tmp_path / "probe.py"
    probe.write_text(PROBE)
    command = [sys.executable, "-W", "always", str(probe), "--version"]

    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)

    told = [line.partition(" at ")[0] for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert "Ada" not in done.stderr + done.stdout
    assert told == [
        "error: thread.crashed: ValueError",
        f"warning: python.warned: UserWarning, {probe}:14",
        f"warning: python.warned: UserWarning, {probe}:7",
        "warning: finalizer.failed: ValueError",
        "error: command.crashed: ValueError",
        "warning: finalizer.failed: ValueError",
    ]


@pytest.mark.acceptance
def test_with_the_json_format_what_nobody_caught_is_an_event(tmp_path: Path) -> None:
    """After the log of the command, and as the interpreter shuts down, every line on stderr is JSON."""
    probe = tmp_path / "probe.py"
    probe.write_text(PROBE)
    command = [sys.executable, "-W", "always", str(probe), "--log-format", "json", "status", "missing"]

    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)

    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert "Ada" not in done.stderr + done.stdout
    assert [(each["event"], each.get("error_type", each.get("warning"))) for each in told] == [
        ("command.failed", None),
        ("thread.crashed", "ValueError"),
        ("python.warned", "UserWarning"),
        ("python.warned", "UserWarning"),
        ("finalizer.failed", "ValueError"),
        ("command.crashed", "ValueError"),
        ("finalizer.failed", "ValueError"),
    ]


def test_a_hook_never_fails() -> None:
    """Python would tell both the hook's failure and what it was called with."""
    hooks, told = Hooks(), list[str]()

    def refuse(_level: str, event: str, _error: BaseException | None = None, **_values: str) -> None:
        told.append(event)
        raise OSError("Ada Lovelace")

    hooks.tell = refuse
    hooks.on_main_thread(ValueError, ValueError("Ada Lovelace"), None)
    hooks.on_warning("Ada Lovelace", UserWarning, "a.py", 1)
    hooks.on_loop(None, {"message": "Exception in callback Ada", "exception": ValueError("Ada Lovelace")})
    hooks.on_loop(None, {"message": "Task was destroyed but it is pending!"})

    assert told == ["command.crashed", "python.warned", "callback.failed", "library.warned"]


def test_what_a_loop_reports_is_told_by_its_exception_or_its_fixed_message() -> None:
    """A message beside an exception names the callback, which may show a row."""
    hooks, told = Hooks(), list[str]()
    hooks.tell = lambda level, event, error=None, **values: told.append(
        json.dumps([level, event, type(error).__name__, values])
    )

    hooks.on_loop(None, {"message": "Exception in callback Ada", "exception": ValueError("Ada Lovelace")})
    hooks.on_loop(None, {"message": "Task was destroyed [Ada]\nAda"})

    assert told == [
        '["error", "callback.failed", "ValueError", {}]',
        '["warning", "library.warned", "NoneType", {"library": "asyncio", "message": "Task was destroyed"}]',
    ]
