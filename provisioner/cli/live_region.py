"""Live region at the end of the terminal, which is found again after the terminal was narrowed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from rich.console import Console, RenderableType
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment
from rich.text import Text

from .frame import broken_lines
from .note_lines import names_command


class LiveRegion:
    """Lines that are redrawn in place; other lines are written above them.

    A terminal that is narrowed breaks the lines on its screen that are longer than its new width, so that what was
    drawn has more lines than before. rich does not count them, and would leave the first ones behind.
    """

    def __init__(self, console: Console, *, is_transient: bool) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=is_transient, redirect_stdout=False)
        self._lengths: Sequence[int] = ()
        self._width = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the terminal."""
        return self._console.size

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """Show the region inside the context, without a cursor."""
        with self._live:
            yield self

    def draw(self, shown: RenderableType, *, is_last: bool = False) -> None:
        """Draw ``shown`` in place of what the region holds; with ``is_last`` when the region closes."""
        self._find_first_line()
        lines = self._console.render_lines(shown, self._console.options, pad=False)
        self._lengths = [Segment.get_line_length(line) for line in lines]
        self._live.update(shown, refresh=not is_last)

    def print_above(self, line: str) -> None:
        """Write a line above the region, broken between words; one that names a command can be copied as it is."""
        self._find_first_line()
        text = Text.from_ansi(line)
        lines = [text] if names_command(text.plain) else broken_lines(text, self._console)
        self._console.print(Text("\n").join(lines), soft_wrap=True)

    def _find_first_line(self) -> None:
        width = self._console.width
        if width < self._width:
            added = sum(max(-(-length // width) - 1, 0) for length in self._lengths)
            self._console.control(Control(*added * _ERASED_AND_UP))
        self._width = width


_ERASED_AND_UP: tuple[tuple[ControlType, int], ...] = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
