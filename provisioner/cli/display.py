"""Progress display: a few live lines on a terminal, elsewhere a plain line every 10 s."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, TextIO

import structlog

from provisioner.models.progress import Progress

from .repeated_reasons import RepeatedReasons

if TYPE_CHECKING:  # rich takes a tenth of a second to import, and is imported with the first frame
    from rich.spinner import Spinner

    from .live_region import LiveRegion

LINE_EVERY_S = 10.0
FRAME_EVERY_S = 0.25
FIRST_FRAME_S = 0.05
QUIET_S = 0.5

Source = Callable[[], Progress]
Sleep = Callable[[float], Awaitable[None]]


class Screen(Protocol):
    """The parts of ``Console`` that a display uses."""

    stderr_has_colour: bool
    is_live: bool
    repeated: RepeatedReasons

    @property
    def stderr(self) -> TextIO:
        """The stream to draw on."""
        ...

    def print_status(self, line: str) -> None:
        """Write a line to stderr, above the live display while there is one."""
        ...

    def print_warning(self, line: str) -> None:
        """Write a line to stderr that is shown with ``--quiet``, too."""
        ...

    def show_progress(self, progress: Progress) -> None:
        """Write the progress where it is not drawn."""
        ...

    def lines_above(self, display: Callable[[str], None]) -> AbstractContextManager[None]:
        """Send the lines of ``print_status`` to ``display`` while the context lasts."""
        ...


@asynccontextmanager
async def live_progress(screen: Screen, source: Source, *, sleep: Sleep = asyncio.sleep) -> AsyncIterator[None]:
    """Show the progress that ``source`` returns while the context lasts; log an error of the display."""
    show = show_live if screen.is_live else show_lines
    with screen.repeated.counting():
        task = asyncio.create_task(show(screen, source, sleep=sleep))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()):
                structlog.get_logger().warning("display.failed", exc_info=error)


async def show_lines(screen: Screen, source: Source, *, sleep: Sleep = asyncio.sleep) -> None:
    """Write the progress, and the reasons that were repeated since, every 10 s, until cancelled."""
    told: Sequence[str] = ()
    try:
        while True:
            await sleep(LINE_EVERY_S)
            screen.show_progress(source())
            told = _tell_repeats(screen, told)
    finally:
        _tell_repeats(screen, told)


def _tell_repeats(screen: Screen, told: Sequence[str]) -> Sequence[str]:
    """Write the lines of repeated reasons that are not in ``told``; return all of them."""
    lines = screen.repeated.lines()
    for line in lines:
        if line not in told:
            screen.print_warning(line)
    return lines


async def show_live(screen: Screen, source: Source, *, sleep: Sleep = asyncio.sleep) -> None:
    """Draw the progress four times a second, until cancelled; the last frame stays on the screen.

    The first frame waits until the first requests have left.
    """

    def draw(region: "LiveRegion", *, is_last: bool = False) -> None:
        from .frame import frame

        region.draw(frame(source(), *region.size, screen.repeated.lines()), is_last=is_last)

    with ExitStack() as stack:
        region: LiveRegion | None = None
        try:
            await sleep(FIRST_FRAME_S)
            region = stack.enter_context(live_lines(screen))
            while True:
                draw(region)
                await sleep(FRAME_EVERY_S)
        finally:
            draw(region or stack.enter_context(live_lines(screen)), is_last=True)


@contextmanager
def live_lines(screen: Screen, *, is_transient: bool = False) -> Iterator["LiveRegion"]:
    """Open a live region on stderr, which is redrawn only on request; status lines are printed above it.

    ``is_transient`` removes the region at the end.
    """
    from rich.console import Console as RichConsole

    from .live_region import LiveRegion

    rich = RichConsole(
        file=screen.stderr,
        force_terminal=True,
        color_system="auto" if screen.stderr_has_colour else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    region = LiveRegion(rich, is_transient=is_transient)
    with screen.lines_above(region.print_above), region.opened():
        yield region


class RowCounter:
    """Display of the number of rows read so far: live after half a second, elsewhere a line every 10 s."""

    def __init__(self, screen: Screen, verb: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._verb = verb
        self._clock = clock
        self._next = clock() + (QUIET_S if screen.is_live else LINE_EVERY_S)
        self._region: LiveRegion | None = None
        self._spinner: Spinner | None = None
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
        if self._region is None or self._spinner is None:
            from rich.spinner import Spinner

            self._region = self._stack.enter_context(live_lines(self._screen, is_transient=True))
            self._spinner = Spinner("dots")
        self._spinner.update(text=text)
        self._region.draw(self._spinner)

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
