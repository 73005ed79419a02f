"""What an operator sees of a run in trouble, on a real terminal of 80 columns and 24 lines."""

import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, PROVISIONER, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.terminal import Terminal, needs_tmux, terminal_with

pytestmark = needs_tmux

SCREENS = Path(__file__).parent / "screens"
FAULTS = """
# Of 200 rows six are rejected, and five requests get a 429, the last of which lets everything wait.
[[fault]]
name = "participant_invalid"
at = [10, 41, 62, 63, 100, 167]

[[fault]]
name = "throttle_seconds"
at = [20, 60, 90, 130]
seconds = 1

[[fault]]
name = "throttle_seconds"
at = [186]
seconds = 60
"""
PAUSED = r"^paused \d\d s \(429\) .*181/200 rows"
VARYING = {
    r"\d\d:\d\d:\d\d\+05:30": "HH:MM:SS+05:30",
    r"RQ[0-9a-f]{32}": "RQ" + 32 * "0",
    r"pause_s=[\d.]+": "pause_s=S",
    r"rate=[\d.]+": "rate=R",
    r"\d[\d.]*/s": "N/s",
    r"(elapsed|left|after) ([\d.:]+( s)?|\?)": r"\1 TIME",
    r"\d+ s left": "S s left",
    r"paused \d\d s": "paused SS s",
    r"loop=\w+": "loop=LOOP",
    r"http://127\.0\.0\.1:\d+": "URL",
}


@asynccontextmanager
async def run_in_trouble(program: Program, simulator: SimulatorMaker, columns: int) -> AsyncIterator[Terminal]:
    """Start a run on a terminal of this width; nothing starts any more after 181 of its 200 rows."""
    program.write_customers("customers.csv", 200)
    program.write("faults.toml", FAULTS)
    server = await simulator("--rate-limit", "0", "--faults", "faults.toml")
    flags = ("-o", "r.csv", "--key", "crm_id", "--rate", "100", "--concurrency", "1", "--tz", "Asia/Kolkata")
    command = [sys.executable, *PROVISIONER, "run", "customers.csv", *flags, "--base-url", server.url]
    async with terminal_with(command, {**program.env, **CREDENTIALS}, program.folder, columns=columns) as terminal:
        yield terminal


def golden(name: str, lines: Sequence[str]) -> tuple[str, str]:
    """Return the screen with everything that varies replaced, and the text that is kept of it."""
    text = "\n".join(lines).rstrip() + "\n"
    for pattern, word in VARYING.items():
        text = re.sub(pattern, word, text)
    return text, (SCREENS / name).read_text(encoding="utf-8")


def stop_of(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines from the stop to the last note: how far the rest has scrolled depends on the moment."""
    first = next(number for number, line in enumerate(lines) if line.startswith("stopping:"))
    return lines[first : lines.index("         with an -o of their own") + 1]


async def test_a_run_in_trouble_reads_well_on_80_columns(program: Program, simulator: SimulatorMaker) -> None:
    """Three of each reason in full, then counts; no word of the log is torn, and no figure cut."""
    async with run_in_trouble(program, simulator, 80) as terminal:
        seen, kept = golden("run_in_trouble.txt", await terminal.shows(PAUSED))
        await terminal.press("C-c")
        stopped = await terminal.shows("^next:")
        ended, kept_end = golden("run_in_trouble_stopped.txt", stop_of(stopped))

    assert seen == kept
    assert ended == kept_end


@pytest.mark.parametrize("widths", [[79, 60, 43], [50, 120, 62]], ids=str)
async def test_a_terminal_that_is_narrowed_keeps_one_display(
    program: Program, simulator: SimulatorMaker, widths: list[int]
) -> None:
    """Nothing of the display of before is left above the new one, and all figures are on it."""
    async with run_in_trouble(program, simulator, 100) as terminal:
        await terminal.shows(PAUSED)
        for width in widths:
            await terminal.resize(width)
            elapsed = await elapsed_on(terminal)
            await terminal.shows(rf"elapsed (?!{elapsed})")
        lines = await terminal.screen()

    screen = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= widths[-1]
    for once in ("181/200 rows", "in flight 0", "created 175", "rejected 45715 ×6, last row 163"):
        assert screen.count(once) == 1, screen


async def elapsed_on(terminal: Terminal) -> str:
    """Return the time that the display shows."""
    lines = await terminal.shows("elapsed")
    found = re.search(r"elapsed (\S+)", " ".join(lines))
    assert found is not None
    return found[1]
