"""How work in hand is shown: on terminals, and where there is none. Time is virtual."""

import asyncio
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog

from provisioner.cli.display import live_progress, row_counter
from provisioner.cli.progress_text import plain_line
from provisioner.cli.repeated_reasons import RepeatedReasons
from provisioner.models.progress import Progress
from tests.clock import run_virtually
from tests.progress_samples import HALF

LINE = (
    "sending  1,000/2,000 rows, 50 %  3.96/s of 4/s  in flight 8  429s 2  elapsed 4:12  left 4:10  "
    "created 900  rejected 100  unknown 0  unsent 0  invalid 0"
)


class FakeScreen:
    """Keeps what is written; ``lines`` are the notes that found no display."""

    def __init__(self, *, is_live: bool, stderr: io.StringIO | None = None) -> None:
        self.stderr = stderr or io.StringIO()
        self.stderr_has_colour = False
        self.is_live = is_live
        self.lines: list[str] = []
        self.repeated = RepeatedReasons()
        self._above: Callable[[str], None] = self.lines.append

    def print_status(self, line: str) -> None:
        """Hand a line on."""
        self._above(line)

    def print_warning(self, line: str) -> None:
        """Hand a line on."""
        self._above(line)

    def show_progress(self, progress: Progress) -> None:
        """Hand the plain line on."""
        self._above(plain_line(progress))

    @contextmanager
    def lines_above(self, display: Callable[[str], None]) -> Iterator[None]:
        """Hand lines to a display for a while."""
        before, self._above = self._above, display
        yield
        self._above = before


class HungUp(io.StringIO):
    """A terminal that is gone."""

    def write(self, _text: str) -> int:
        """Fail as a closed terminal does."""
        raise OSError(5, "Input/output error")


def text_of(stream: io.StringIO) -> str:
    """Return what was written without the escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def show(screen: FakeScreen, source: Callable[[], Progress], seconds: float) -> None:
    """Show a source for some virtual seconds."""

    async def work() -> None:
        async with live_progress(screen, source):
            await asyncio.sleep(seconds)

    run_virtually(work())


def test_without_a_terminal_a_plain_line_comes_every_ten_seconds() -> None:
    """Nothing is written before, and nothing at the end."""
    screen = FakeScreen(is_live=False)

    show(screen, lambda: HALF, seconds=35)

    assert screen.lines == 3 * [LINE]
    assert screen.stderr.getvalue() == ""


def test_on_a_terminal_the_last_frame_stays() -> None:
    """The display is drawn again and again, and ends with how things stood at the end."""
    screen, looks = FakeScreen(is_live=True), list[int]()

    def source() -> Progress:
        looks.append(1)
        return Progress(total=2, done=min(len(looks), 2))

    show(screen, source, seconds=1.0)

    assert 5 <= len(looks) <= 6
    assert screen.stderr.getvalue().startswith("\x1b[?25l")
    assert screen.stderr.getvalue().endswith("\x1b[?25h")
    assert "2/2 rows, 100 %" in text_of(screen.stderr).split("1/2 rows")[-1]


def test_notes_stand_above_the_display_unbroken() -> None:
    """A long line of the log is written whole, and its own colours are kept or dropped with the screen's."""
    screen = FakeScreen(is_live=True)
    line = "event " + "x" * 200

    async def work() -> None:
        async with live_progress(screen, lambda: HALF):
            await asyncio.sleep(0.3)
            screen.print_status(f"\x1b[1m{line}\x1b[0m")

    run_virtually(work())

    assert line in text_of(screen.stderr)
    assert screen.lines == []


def test_an_error_in_the_work_leaves_the_display_closed() -> None:
    """The cursor is shown again, and the error goes on."""
    screen = FakeScreen(is_live=True)

    async def work() -> None:
        async with live_progress(screen, lambda: HALF):
            await asyncio.sleep(0.3)
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        run_virtually(work())

    assert screen.stderr.getvalue().endswith("\x1b[?25h")


@pytest.mark.parametrize("is_live", [True, False])
def test_trouble_with_the_display_never_reaches_the_work(*, is_live: bool) -> None:
    """A terminal that hung up, or a source that fails, is a warning in the log."""
    screen = FakeScreen(is_live=is_live, stderr=HungUp())

    def source() -> Progress:
        raise ZeroDivisionError

    with structlog.testing.capture_logs() as events:
        show(screen, source, seconds=30)

    assert [event["event"] for event in events] == ["display.failed"]


def test_on_a_terminal_lines_above_are_broken_between_words() -> None:
    """The further lines are indented; a command, and a word that fits no line, are left to the terminal."""
    screen, words = FakeScreen(is_live=True), " ".join(["rejected"] * 15)
    command = f"note: provisioner check {words}"

    async def work() -> None:
        async with live_progress(screen, lambda: HALF):
            await asyncio.sleep(0.3)
            screen.print_status(words)
            screen.print_status("x" * 200)
            screen.print_status(command)

    run_virtually(work())

    written = [line.rstrip() for line in re.split(r"[\r\n]+", text_of(screen.stderr))]
    first, second = " ".join(["rejected"] * 11), "    " + " ".join(["rejected"] * 4)
    assert written[written.index(first) + 1] == second
    assert {"x" * 200, command} <= {*written}


@pytest.mark.parametrize("is_live", [True, False])
def test_a_repeated_reason_is_one_line_that_counts(*, is_live: bool) -> None:
    """It is part of the display, or follows the line of the progress; the last count is always told."""
    screen = FakeScreen(is_live=is_live)

    async def work() -> None:
        async with live_progress(screen, lambda: HALF):
            for row in range(1, 10):
                screen.repeated.omits({"event": "row.rejected", "error_code": "45715", "row": row})
            await asyncio.sleep(25)
            screen.repeated.omits({"event": "row.rejected", "error_code": "45715", "row": 20})

    run_virtually(work())

    last = "rejected 45715 ×10, last row 20"
    if is_live:
        assert last in text_of(screen.stderr)
    else:
        assert screen.lines == [LINE, "rejected 45715 ×9, last row 9", LINE, last]


def count(screen: FakeScreen, moments: dict[float, int]) -> None:
    """Count rows at given seconds."""
    clock = iter([0.0, *moments])
    with row_counter(screen, "Planning", clock=lambda: next(clock)) as told:
        for rows in moments.values():
            told(rows)


def test_a_count_of_rows_appears_after_half_a_second() -> None:
    """A quick pass shows nothing on a terminal; a slow one counts and takes its line away."""
    quick, slow = FakeScreen(is_live=True), FakeScreen(is_live=True)

    count(quick, {0.1: 5_000, 0.4: 20_000})
    count(slow, {0.1: 5_000, 0.6: 30_000, 0.7: 35_000, 0.9: 412_000})

    assert quick.stderr.getvalue() == ""
    assert "Planning: 30,000 rows" in text_of(slow.stderr)
    assert "35,000" not in text_of(slow.stderr)
    assert "Planning: 412,000 rows" in text_of(slow.stderr)
    assert slow.stderr.getvalue().endswith("\x1b[2K")


def test_elsewhere_the_count_is_a_line_every_ten_seconds() -> None:
    """Calls in between cost a look at the clock."""
    screen = FakeScreen(is_live=False)

    count(screen, {9.9: 1_000, 10.0: 412_000, 15.0: 500_000, 20.1: 900_000})

    assert screen.lines == ["Planning: 412,000 rows", "Planning: 900,000 rows"]


def test_a_terminal_that_hung_up_does_not_stop_the_count() -> None:
    """The pass goes on unseen."""
    screen = FakeScreen(is_live=True, stderr=HungUp())

    count(screen, {1.0: 1, 2.0: 2})

    assert screen.lines == []
