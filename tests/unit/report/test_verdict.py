"""The verdict on a job, in one line."""

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from provisioner.commands.report import write_report
from provisioner.ledger import LedgerLocation, RunNote, RunRecord, ThresholdNote, open_ledger
from provisioner.models import Counts
from provisioner.options import ReportOptions
from provisioner.report.clock import LocalClock
from provisioner.report.job_data import JobState
from provisioner.report.overview import overview
from provisioner.report.verdict import JobVerdict, Tone, judge_job
from tests.ledger_samples import SETTINGS
from tests.unit.report.test_page import Texts, ledger_of
from tests.unit.report.test_page_runs_nothing import figures

BEGAN = 1_700_000_000.0
DONE = Counts(input=10, created=10)
SLOW = ThresholdNote("p95(create.due) > 2s", 4.2, has_failed=True)
QUICK = ThresholdNote("rate(error) > 1%", 0.0, has_failed=False)


def run(
    exit_code: int | None,
    command: str = "run",
    thresholds: tuple[ThresholdNote, ...] = (),
    *,
    is_dead: bool = False,
) -> RunRecord:
    """Return a run of half a minute."""
    ended = None if is_dead else BEGAN + 30
    return RunRecord("r", BEGAN, ended, exit_code, "1", 1, RunNote(command=command, thresholds=thresholds))


def judged(*runs: RunRecord, counts: Counts = DONE, phase: str = "ended") -> JobVerdict:
    """Return the verdict by a clock of UTC."""
    return judge_job(runs, counts, phase, LocalClock(UTC))


@pytest.mark.parametrize(
    ("exit_code", "counts", "tone", "title", "text"),
    [
        (0, DONE, Tone.GOOD, "Finished", "every row is created, 10 of 10"),
        (
            4,
            Counts(input=10, created=7, rejected=2, invalid=1),
            Tone.WARNING,
            "Finished",
            "7 of 10 rows created, 2 rejected, 1 invalid",
        ),
        (5, Counts(input=10, created=9, unknown=1), Tone.WARNING, "Finished", "9 of 10 rows created, 1 unknown"),
        (7, Counts(input=10, created=9, unsent=1), Tone.WARNING, "Finished", "9 of 10 rows created, 1 unsent"),
        (
            130,
            Counts(input=10, created=4, unsent=6),
            Tone.WARNING,
            "Stopped at 2023-11-14 22:13:50+00:00",
            "SIGINT (Ctrl-C) stopped it: 4 of 10 rows have an outcome (40.0 %)",
        ),
        (
            8,
            Counts(input=10, created=4, unsent=5, invalid=1),
            Tone.GOOD,
            "Stopped at 2023-11-14 22:13:50+00:00",
            "it stopped as planned, and rows wait: 4 of 9 rows have an outcome (44.4 %)",
        ),
        (1, DONE, Tone.BAD, "Failed", "an internal error ended it"),
        (77, DONE, Tone.WARNING, "Failed", "this version does not know that code"),
    ],
)
def test_a_verdict_says_how_the_last_run_ended(
    exit_code: int, counts: Counts, tone: Tone, title: str, text: str
) -> None:
    """What is left is told by kind, and a stop by its time and by how far it came."""
    assert judged(run(exit_code), counts=counts) == JobVerdict(tone, title, text)


def test_a_load_test_is_finished_when_its_schedule_is_over() -> None:
    """Rows that were not due are left for the next test."""
    verdict = judged(run(0, "load"), counts=Counts(input=10, created=6, unsent=4))

    assert verdict == JobVerdict(Tone.GOOD, "Finished", "6 of 10 rows created, 4 not due")


def test_a_failed_condition_is_the_verdict_with_its_figure_and_its_bound() -> None:
    """Conditions that hold are not named."""
    verdict = judged(run(99, "load", (SLOW, QUICK)))

    assert verdict == JobVerdict(Tone.BAD, "FAILED", "p95(create.due) 4.2 s (fails above 2 s)")


def test_what_has_not_ended_has_no_success() -> None:
    """A job at work, one whose run was killed, and one that was never sent."""
    half = Counts(input=10, created=5, unsent=5)

    running = judged(run(None, is_dead=True), counts=half, phase="running")
    died = judged(run(None, is_dead=True), counts=half, phase="died")

    assert (running.tone, running.title) == (Tone.OPEN, "Running")
    assert (died.tone, died.title) == (Tone.BAD, "Died")
    assert "5 of 10 rows have an outcome (50.0 %)" in running.text
    assert judged(counts=half, phase="").title == "Not started"


def test_closing_conversations_changes_no_verdict() -> None:
    """The run before it says how the job stands; one that looked rows up does, too."""
    assert judged(run(0), run(4, "close")).title == "Finished"
    assert judged(run(5), run(0, "reconcile")).tone is Tone.GOOD


async def test_a_report_opens_with_what_is_asked_first(tmp_path: Path) -> None:
    """Verdict, account, real or simulated, input with its rows, from when to when in one zone, next step."""
    ledger = await ledger_of(tmp_path / "job.ledger", ["C-1", "C-2"], refused=1)

    page = tmp_path / "page.html"
    write_report([ledger], ReportOptions(output=page, tz="Europe/Berlin"))

    texts = Texts(page.read_text(encoding="utf-8")).texts
    head = texts[: texts.index("Accounting")]
    assert head[head.index("Finished") + 2] == "1 of 2 rows created, 1 rejected"
    assert head[head.index("account") + 1 :][:3] == [
        SETTINGS["account"],
        " ",
        "(simulated: nothing of it is at Twilio)",
    ]
    assert head[head.index("input") + 1] == "customers.csv (2 rows)"
    assert head[head.index("next") + 1] == "fix 1 row: see Errors"
    time = head[head.index("time") + 1]
    assert time.count("+01:00") + time.count("+02:00") >= 1


async def test_a_report_says_whether_conversations_are_real(tmp_path: Path) -> None:
    """A simulator on this machine, the one inside the program, and Twilio are told apart."""
    settings = SETTINGS | {"account": "AC" + 32 * "1"}
    for target, said in (("Twilio", "(real: "), ("this machine", "(simulated on this machine: ")):
        path = tmp_path / f"{target}.ledger"
        async with open_ledger(LedgerLocation(path), settings | {"target": target}, version="1") as ledger:
            await ledger.set_notes(asked="{}")
        page = tmp_path / "page.html"
        write_report([path], ReportOptions(output=page))
        assert f"<span>{settings['account']}</span> <span>{said}" in page.read_text(encoding="utf-8")


async def test_the_next_command_is_one_that_can_be_copied(tmp_path: Path) -> None:
    """It stands alone, with the folder in which it is typed behind it."""
    job = replace(
        await figures(tmp_path), state=JobState(next_command="provisioner run a&b.csv", folder="/home/ana")
    )

    assert "<code>provisioner run a&amp;b.csv</code> in /home/ana" in overview(job)
