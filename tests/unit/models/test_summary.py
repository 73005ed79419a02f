"""The end of a command as a program reads it, and a look at a run."""

import json
import math

import pytest

from provisioner.errors import (
    ExitCode,
    GuardError,
    InputError,
    LedgerBusyError,
    OtherJobError,
    ProvisionerError,
    StorageError,
    StrictError,
    UnreachableError,
    UsageError,
)
from provisioner.models import Counts, MessageCounts, SettingsCounts
from provisioner.models.progress import Progress
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary


def test_the_counts_stand_at_the_top_level() -> None:
    """A program reads the accounting without digging for it; what is empty is null."""
    summary = Summary(
        command="run",
        exit_code=ExitCode.UNKNOWN,
        counts=Counts(input=3, created=2, unknown=1),
        elapsed_s=1.23456,
        rate_achieved=2.5,
        output="r.csv",
        messages=MessageCounts(posted=1, unsent=2),
        conversation_settings=SettingsCounts(set=2),
        notes=("n",),
        details={"job_id": "j"},
    )

    assert json.loads(summary.to_json()) == {
        "command": "run",
        "exit_code": 5,
        "outcome": "finished",
        "input": 3,
        "created": 2,
        "rejected": 0,
        "unknown": 1,
        "unsent": 0,
        "invalid": 0,
        "pending": 0,
        "in_flight": 0,
        "throttled": 0,
        "elapsed_s": 1.235,
        "rate_achieved": 2.5,
        "output": "r.csv",
        "failed": None,
        "ledger": None,
        "conversation_settings": {"set": 2, "rejected": 0, "unsent": 0},
        "messages": {"posted": 1, "rejected": 0, "unknown": 0, "unsent": 2},
        "history": None,
        "notes": ["n"],
        "next_command": None,
        "error": None,
        "job_id": "j",
    }


def test_the_keys_are_the_same_with_and_without_counts() -> None:
    """What was never counted is null."""
    counted, uncounted = (
        json.loads(Summary(command="x", counts=counts).to_json()) for counts in (Counts(input=1, created=1), None)
    )

    assert counted.keys() == uncounted.keys()
    assert uncounted["input"] is None


def test_one_line_of_ascii_holds_every_name() -> None:
    """Newlines, other scripts and bytes that are no text arrive as escapes."""
    told = Summary(command="x", output="r\n.csv", failed="é\udcff", rate_achieved=math.inf).to_json()

    assert told.isascii()
    assert "\n" not in told
    assert json.loads(told)["failed"] == "é\udcff"
    assert json.loads(told)["rate_achieved"] is None


@pytest.mark.parametrize(
    ("error", "outcome", "kind"),
    [
        (UsageError("m", cure="c"), CommandOutcome.FAILED, "usage"),
        (InputError("m", source="a.csv", line=3, cure="c"), CommandOutcome.FAILED, "input"),
        (OtherJobError("m", cure="c"), CommandOutcome.FAILED, "other_job"),
        (LedgerBusyError("m", cure="c"), CommandOutcome.FAILED, "ledger_busy"),
        (StrictError("m", cure="c"), CommandOutcome.FAILED, "strict"),
        (StorageError("m", cure="c"), CommandOutcome.GUARDED, "storage"),
        (GuardError("m", cure="c"), CommandOutcome.GUARDED, "guard"),
        (UnreachableError("m", cure="c"), CommandOutcome.UNREACHABLE, "unreachable"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_an_end(error: ProvisionerError, outcome: CommandOutcome, kind: str) -> None:
    """What is raised tells exit code, outcome, sentence, cure and a stable word."""
    summary = Summary.from_error("run", error)

    assert summary == Summary(
        command="run",
        exit_code=error.exit_code,
        outcome=outcome,
        error=ErrorInfo(message=error.message, cure="c", kind=kind),
    )


@pytest.mark.parametrize(("total", "done", "share"), [(4, 1, 0.25), (4, 4, 1.0), (0, 0, 1.0)])
def test_the_share_that_is_done(total: int, done: int, share: float) -> None:
    """An empty input is done."""
    assert Progress(total=total, done=done).share == share
