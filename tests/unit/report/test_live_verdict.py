"""The line that says what a run does, or how it ended."""

from datetime import UTC, timedelta, timezone

import pytest
from msgspec import structs

from provisioner.errors import ExitCode
from provisioner.models import Counts
from provisioner.models.progress import DRAINING, LOOKING_UP, SENDING, Progress
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.monitor.run_status import RunFacts, RunStatus
from provisioner.report.live_verdict import live_verdict, progress_line
from provisioner.report.verdict import Tone

EAST = timezone(timedelta(hours=5, minutes=30))
NOON = 1_700_000_000.0
"""2023-11-14, 22:13:20 in UTC."""
GOING = RunStatus(
    facts=RunFacts(command="run", zone=UTC),
    progress=Progress(total=400, done=100, elapsed_s=100.0, eta_s=300.0),
    now=NOON + 100,
    began=NOON,
)


@pytest.mark.parametrize(
    ("state", "tone", "title"),
    [
        (SENDING, Tone.OPEN, "Sending"),
        (LOOKING_UP, Tone.OPEN, "Looking up unknown rows"),
        ("paused 3 s (429)", Tone.WARNING, "Paused 3 s (429)"),
        (DRAINING, Tone.WARNING, "Draining"),
        ("waiting: 5 open, --max-open 5", Tone.WARNING, "Waiting: 5 open, --max-open 5"),
    ],
)
def test_a_run_that_goes_on_says_what_it_does(state: str, tone: Tone, title: str) -> None:
    """Its state is the title; where nothing new is sent, it warns."""
    found = live_verdict(structs.replace(GOING, progress=structs.replace(GOING.progress, state=state)))

    assert (found.tone, found.title, found.text) == (tone, title, "")


DONE = Counts(input=400, created=400)
PARTS = Counts(input=400, created=380, rejected=15, invalid=3, unknown=2)
WAITING = Counts(input=400, created=100, unsent=300)
FAILED = {"thresholds": [{"passed": True, "text": "good"}, {"passed": False, "text": "p95 3 s (fails above 2 s)"}]}


@pytest.mark.parametrize(
    ("code", "outcome", "counts", "tone", "line"),
    [
        (0, "finished", DONE, "good", "Finished: 400 of 400 rows created, which is every row (exit code 0)"),
        (
            *(4, "finished", PARTS, "warning"),
            "Finished: 380 of 400 rows created, 15 rejected, 3 invalid, 2 unknown (exit code 4)",
        ),
        (
            *(130, "stopped", WAITING, "warning"),
            "Stopped: what was in flight is finished, and 300 rows wait (exit code 130)",
        ),
        (6, "guarded", WAITING, "bad", "Stopped: the disk is full (exit code 6)"),
        (1, "failed", WAITING, "bad", "Failed: the disk is full (exit code 1)"),
        (99, "failed", DONE, "bad", "FAILED: p95 3 s (fails above 2 s) (exit code 99)"),
    ],
)
def test_a_run_that_is_over_says_how_it_ended(
    code: int, outcome: str, counts: Counts, tone: str, line: str
) -> None:
    """What became of the rows, or else what stopped it, and the exit code."""
    summary = Summary(
        command="run",
        exit_code=ExitCode(code),
        outcome=CommandOutcome(outcome),
        counts=counts,
        error=ErrorInfo(message="the disk is full", kind="storage") if code in {1, 6} else None,
        details=FAILED if code == 99 else {},
    )

    found = live_verdict(structs.replace(GOING, summary=summary))

    assert (found.tone, f"{found.title}: {found.text}") == (tone, line)


def test_the_line_below_tells_share_and_times_with_their_offset() -> None:
    """In the zone of the run; the end has its date where that is another one."""
    late = structs.replace(GOING, progress=structs.replace(GOING.progress, eta_s=7200.0))
    east = structs.replace(GOING, facts=RunFacts(command="run", zone=EAST))
    endless = structs.replace(GOING, progress=structs.replace(GOING.progress, eta_s=1e15))

    assert progress_line(GOING) == (
        "25 % · 100 of 400 rows · since 2023-11-14 22:13:20+00:00 · 1:40 elapsed · "
        "about 5:00 left, until 22:20:00+00:00"
    )
    assert progress_line(late).endswith("about 2:00:00 left, until 2023-11-15 00:15:00+00:00")
    assert "since 2023-11-15 03:43:20+05:30" in progress_line(east)
    assert progress_line(endless).endswith("about over 10 years left, until later")


def test_at_the_end_it_tells_when_and_how_long() -> None:
    """No estimate is left."""
    summary = Summary(command="run", counts=DONE, elapsed_s=400.0)

    assert progress_line(structs.replace(GOING, summary=summary)) == (
        "since 2023-11-14 22:13:20+00:00 · ended 2023-11-14 22:15:00+00:00 · took 6:40"
    )
