"""The live page as it looks and behaves in a browser, with everything on it that can be."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from provisioner.errors import ExitCode
from provisioner.models import Counts, Status
from provisioner.models.progress import Progress, WorkerProgress
from provisioner.models.reasons import ErrorReason
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.monitor import RunFigures
from provisioner.monitor.run_status import RunFacts, RunStatus
from provisioner.report.controls import ControlState
from provisioner.report.dashboard import open_dashboard
from provisioner.report.live_recorder import LiveRecorder
from tests.browser import Tab, needs_chromium, open_tab
from tests.integration.report.test_dashboard import HERE, Hands

pytestmark = needs_chromium

LONG = "results-of-a-migration-with-a-name-that-is-longer-than-a-telephone-is-wide-2026-11-29.csv"
SENTENCE = "Twilio could not add the customer: often the address belongs to another account"
WORKERS = [
    WorkerProgress(number=n, host="batch-host-7.example", pid=4000 + n, done=900, rate_now=1.9) for n in (1, 2)
]
GOING = RunStatus(
    facts=RunFacts(command="run", output=LONG, inputs=[LONG], account="AC" + 32 * "1", target="real"),
    progress=Progress(
        total=10_000,
        done=1800,
        created=1790,
        rejected=7,
        unknown=3,
        messages=1200,
        rate_now=3.8,
        rate_asked=4.0,
        elapsed_s=480.0,
        eta_s=2100.0,
        workers=WORKERS,
    ),
    figures=RunFigures(reasons=[ErrorReason(Status.REJECTED, "45715", SENTENCE, 7)], throttled=3, sent=1900),
    now=1_800_000_480.0,
    began=1_800_000_000.0,
)
SUMMARY = Summary(
    command="run",
    exit_code=ExitCode.GUARD,
    outcome=CommandOutcome.GUARDED,
    counts=Counts(input=10_000, created=1790, rejected=7, unknown=3, unsent=8200),
    notes=(f"7 rows rejected: 45715, {SENTENCE}",),
    error=ErrorInfo(message=f"{LONG}: not written, the disk is full", cure="make room", kind="storage"),
    next_command=f"provisioner run customers.csv -o {LONG}",
)


@dataclass
class Switches(Hands):
    """Controls whose state changes by what is asked for, as that of a run does."""

    now: ControlState = field(
        default_factory=lambda: ControlState(pause=True, set_rate=True, stop=True, rate="4/s")
    )

    def state(self) -> ControlState:
        """Return what would change something."""
        return self.now

    def pause(self) -> None:
        """Let only resume follow."""
        super().pause()
        self.now = ControlState(resume=True, set_rate=True, stop=True, rate=self.now.rate)

    def set_rate(self, rate: str) -> None:
        """Ask for another rate from now on."""
        super().set_rate(rate)
        self.now = ControlState(pause=True, set_rate=True, stop=True, rate=rate)

    def stop(self) -> None:
        """Let nothing follow."""
        super().stop()
        self.now = ControlState(rate=self.now.rate)


class WithoutCharts(LiveRecorder):
    """Draws nothing: charts are looked at in the report."""

    def timeline(self) -> None:
        """Return nothing to draw."""


@asynccontextmanager
async def shown(
    status: RunStatus, controls: Switches, *, is_dark: bool = False, width: int = 1280
) -> AsyncIterator[Tab]:
    """Serve the page of a run in this state, and open it with its token."""
    page = open_dashboard(HERE, lambda: status, WithoutCharts(time.time), controls)
    async with page as url, open_tab(is_dark=is_dark, width=width) as tab:
        await tab.page.goto(url)
        yield tab


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
async def test_it_is_read_at_a_desk_and_on_a_telephone(*, is_dark: bool) -> None:
    """Contrast is AA, no text is smaller than 11 px, nothing wider than 390 px, during a run and at its end."""
    for status in (GOING, RunStatus(facts=GOING.facts, progress=GOING.progress, summary=SUMMARY)):
        async with shown(status, Switches(), is_dark=is_dark, width=390) as tab:
            assert await tab.low_contrasts() == []
            assert await tab.smallest_text_px() >= 11
            assert await tab.overflow_px() <= 0
            assert tab.complaints == []


async def test_it_tells_what_a_run_does_and_which_workers_do_it() -> None:
    """State, share, times, account, input, rows, rate, errors and workers are there as text."""
    async with shown(GOING, Switches()) as tab:
        text = await tab.page.inner_text("main")

    for told in (
        *("Sending", "18 % · 1,800 of 10,000 rows", "8:00 elapsed", "about 35:00 left, until "),
        *("AC" + 32 * "1", "created 1,790", "3.8/s", "of 4/s allowed now", SENTENCE, "2 workers", "4002"),
    ):
        assert told in text


async def test_at_the_end_it_keeps_the_result() -> None:
    """What stopped the run, its exit code, the cure, notes and the next command stay when the server is gone."""
    status = GOING
    page = open_dashboard(HERE, lambda: status, LiveRecorder(time.time), Switches())
    async with open_tab() as tab:
        async with page as url:
            await tab.page.goto(url)
            await tab.page.wait_for_selector("text=Sending")
            status = RunStatus(facts=GOING.facts, progress=GOING.progress, summary=SUMMARY)
        await tab.page.wait_for_selector("text=The run has ended.")
        text = await tab.page.inner_text("main")
        has_controls = await tab.page.is_visible("#controls")

    for told in (
        "Stopped",
        "the disk is full (exit code 6)",
        "make room",
        "7 rows rejected",
        f"-o {LONG}",
    ):
        assert told in text
    assert not has_controls


async def test_controls_are_used_by_keyboard_and_enabled_while_they_do_something() -> None:
    """The focus goes on to what can follow, the field holds the rate, and Stop asks before it stops."""
    controls = Switches()
    async with shown(GOING, controls) as tab:
        page = tab.page
        order = await tab.focus_order(3)
        offered = await enabled(tab)
        await page.focus("[data-action=pause]")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("[data-action=pause]:disabled")
        paused, focused = await enabled(tab), await page.evaluate("document.activeElement.dataset.action")
        rate = await page.input_value("#rate")
        await page.fill("#rate", "2/s")
        typed = await enabled(tab)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=the pace is 2/s now")
        changed, rate_after = await enabled(tab), await page.input_value("#rate")
        await page.click("[data-action=stop]")  # Playwright answers a question with no
        page.once("dialog", lambda asked: asked.accept())
        await page.click("[data-action=stop]")
        await page.wait_for_selector("text=stopping: nothing new is started")
        stopping = await enabled(tab)

    assert order == ["button Pause", "input rate", "button Stop"]
    assert offered == changed == {"pause", "stop"}
    assert paused == {"resume", "stop"}
    assert typed == {"resume", "rate", "stop"}
    assert (focused, rate, rate_after) == ("resume", "4/s", "2/s")
    assert stopping == set()
    assert controls.asked == ["pause", "2/s", "stop"]
    assert tab.complaints == []


async def enabled(tab: Tab) -> set[str]:
    """Return the actions of the buttons that can be pressed."""
    found: list[str] = await tab.page.evaluate(
        "[...document.querySelectorAll('#controls button:enabled')].map(each => each.dataset.action)"
    )
    return set(found)
