"""What ``status`` prints about a run at work."""

from dataclasses import replace

import pytest

from provisioner.cli.console import Console
from provisioner.cli.status_text import show_job
from provisioner.commands.run_state import RunPhase, RunState
from provisioner.models import Counts
from provisioner.models.summary import Summary

HELD = RunState(
    number=1,
    command="run",
    phase=RunPhase.RUNNING,
    started=1_000.0,
    elapsed_s=60.0,
    left=12,
    paused_s=30.0,
    max_open=20,
)


def printed(state: RunState, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines about a job whose last run is in this state."""
    empty: dict[str, object] = {key: [] for key in ("inputs", "errors", "orphans", "thresholds")}
    named = {"job_id": "ab", "created_at": "2026-11-23", "folder": "", "target": "Twilio", "settings": {}}
    details = {**named, **empty, "is_running": True, "runs": [{}], "run": state.to_dict()}
    summary = Summary(command="status", counts=Counts(input=12, pending=12), details=details)
    show_job(summary, Console())
    return capsys.readouterr().out.splitlines()


def test_a_run_that_waits_for_chats_to_be_closed_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A standstill is told with the limit that may be its reason; without --max-open there is none to tell."""
    told, unlimited = printed(HELD, capsys), printed(replace(HELD, max_open=0), capsys)

    assert "  paused: nothing was sent for 30 s, 12 rows wait" in told
    assert "  creation waits while 20 conversations are open (--max-open)" in told
    assert not [line for line in unlimited if "--max-open" in line]


def test_a_table_without_rows_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A job on which no worker is working has no heading of workers, and one without settings none of settings."""
    told = printed(HELD, capsys)

    assert not [line for line in told if line.startswith(("worker ", "setting "))]
