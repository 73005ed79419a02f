"""Progress display: a few live lines on a terminal, elsewhere a plain line every 10 s."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from typing import Protocol, TextIO

import structlog
from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from provisioner.models.progress import Progress
from provisioner.models.text import pluralize

from .progress_text import OUTCOME_COLOURS, done_text, outcomes_of, pace_text, plain_line, worker_texts

LINE_EVERY_S = 10.0
FRAME_EVERY_S = 0.25
QUIET_S = 0.5
WIDTH, HEIGHT = 80, 24

Source = Callable[[], Progress]
Sleep = Callable[[float], Awaitable[None]]


class Screen(Protocol):
    """The parts of ``Console`` that a display uses."""

    stderr_has_colour: bool
    is_live: bool

    @property
    def stderr(self) -> TextIO:
        """The stream to draw on."""
        ...

    def print_status(self, line: str) -> None:
        """Write a line to stderr, above the live display while there is one."""
        ...

    def lines_above(self, display: Callable[[str], None]) -> AbstractContextManager[None]:
        """Send the lines of ``print_status`` to ``display`` while the context lasts."""
        ...


@asynccontextmanager
async def live_progress(screen: Screen, source: Source, *, sleep: Sleep = asyncio.sleep) -> AsyncIterator[None]:
    """Show the progress that ``source`` returns while the context lasts; log an error of the display."""
    show = show_live if screen.is_live else show_lines
    task = asyncio.create_task(show(screen, source, sleep=sleep))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()):
            structlog.get_logger().warning("display.failed", exc_info=error)


async def show_lines(screen: Screen, source: Source, *, sleep: Sleep = asyncio.sleep) -> None:
    """Write a plain progress line every 10 s, until cancelled."""
    while True:
        await sleep(LINE_EVERY_S)
        progress = source()
        screen.print_status(plain_line(progress))
        for line in worker_texts(progress.workers):
            screen.print_status(line)


async def show_live(screen: Screen, source: Source, *, sleep: Sleep = asyncio.sleep) -> None:
    """Draw the progress four times a second, until cancelled; the last frame stays on the screen."""
    with live_lines(screen) as live:
        try:
            while True:
                live.update(frame(source(), *live.console.size), refresh=True)
                await sleep(FRAME_EVERY_S)
        finally:
            live.update(frame(source(), *live.console.size))


def frame(progress: Progress, width: int, height: int = HEIGHT) -> RenderableType:
    """Return the progress of a run as three lines of at most ``width`` and at most 80 columns.

    Workers that are to be shown have one more line each, as far as all lines fill no more than half of ``height``:
    messages stay visible above them.
    """
    done = done_text(progress)
    room = min(width, WIDTH) - len(progress.state) - len(done) - 4
    head = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(
        total=max(progress.total, 1), completed=progress.share * max(progress.total, 1), width=max(room, 8)
    )
    bars = [] if progress.is_of_one_worker else [bar]
    head.add_row(Text(progress.state, style="bold", no_wrap=True), *bars, Text(done, no_wrap=True))
    workers = [_one_line(Text(line, style="dim")) for line in _worker_lines(progress, height // 2 - 3)]
    return Group(head, _one_line(Text(pace_text(progress))), _one_line(_outcomes(progress)), *workers)


def _worker_lines(progress: Progress, most: int) -> Sequence[str]:
    """Return at most ``most`` lines about workers, the last of which counts those that have none."""
    lines = worker_texts(progress.workers)
    if len(lines) <= most:
        return lines
    shown = lines[: max(most - 1, 0)]
    return [*shown, f"  and {pluralize('worker', len(lines) - len(shown))} more, which provisioner status lists"]


def _outcomes(progress: Progress) -> Text:
    texts = [
        Text(f"{name} {number:,}", style=OUTCOME_COLOURS.get(name, "") if number else "")
        for name, number in outcomes_of(progress).items()
    ]
    return Text("  ").join(texts)


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


@contextmanager
def live_lines(screen: Screen, *, is_transient: bool = False) -> Iterator[Live]:
    """Open a live region on stderr, which is redrawn only on request; status lines are printed above it.

    ``is_transient`` removes the region at the end.
    """
    rich = RichConsole(
        file=screen.stderr,
        force_terminal=True,
        color_system="auto" if screen.stderr_has_colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )

    def print_above(line: str) -> None:
        rich.print(Text.from_ansi(line), soft_wrap=True)

    live = Live(console=rich, auto_refresh=False, transient=is_transient, redirect_stdout=False)
    with screen.lines_above(print_above), live:
        yield live


class RowCounter:
    """Display of the number of rows read so far: live after half a second, elsewhere a line every 10 s."""

    def __init__(self, screen: Screen, verb: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._verb = verb
        self._clock = clock
        self._next = clock() + (QUIET_S if screen.is_live else LINE_EVERY_S)
        self._live: Live | None = None
        self._spinner = Spinner("dots")
        self._stack = ExitStack()

    def __call__(self, rows: int) -> None:
        """Show ``rows``, the number of rows so far, if it is time to; most calls only read the clock."""
        now = self._clock()
        if now < self._next:
            return
        text = f"{self._verb}: {rows:,} rows"
        if not self._screen.is_live:
            self._next = now + LINE_EVERY_S
            self._screen.print_status(text)
            return
        self._next = now + FRAME_EVERY_S
        with suppress(OSError):
            self._draw(text)

    def _draw(self, text: str) -> None:
        if self._live is None:
            self._live = self._stack.enter_context(live_lines(self._screen, is_transient=True))
        self._spinner.update(text=Text(text))
        self._live.update(self._spinner, refresh=True)

    def close(self) -> None:
        """Remove the live line."""
        with suppress(OSError):
            self._stack.close()


@contextmanager
def row_counter(
    screen: Screen, verb: str, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows the number of rows it is called with, while the context lasts."""
    counter = RowCounter(screen, verb, clock=clock)
    try:
        yield counter
    finally:
        counter.close()
