"""What a command says, and where: stdout is data and summaries, stderr is progress, questions and logs."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import TextIO

import click

from provisioner.errors import StorageError
from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress
from provisioner.models.summary import ErrorInfo, Summary
from provisioner.system.interrupts import interruptible
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import Styled, printable

from .plan_text import plan_lines
from .styles import composed, styled
from .summary_text import summary_lines


class Console:
    """The streams of one command.

    Colour is decided for each stream: ``NO_COLOR`` wins over ``FORCE_COLOR``, which wins over what the stream
    is. ``is_on_terminal`` tells where stderr goes, ``is_live`` whether it can be drawn on. With ``is_json``
    nothing is said on stdout but the one object at the end.
    """

    def __init__(self, *, is_json: bool = False, environ: Mapping[str, str] = os.environ) -> None:
        self.is_json = is_json
        self.stdout, self.stderr = sys.stdout or _Nowhere(), sys.stderr or _Nowhere()
        self.stdout_has_colour = has_colour(self.stdout, environ)
        self.stderr_has_colour = has_colour(self.stderr, environ)
        self.is_on_terminal = _is_terminal(self.stderr)
        self.is_live = self.is_on_terminal and environ.get("TERM") not in _WITHOUT_CURSOR
        self.is_interactive = self.is_on_terminal and _is_terminal(sys.stdin)
        self._above: Callable[[str], None] | None = None

    def print(self, text: str = "") -> None:
        """Print a line of the command's answer on stdout; nothing with ``--json``.

        Raise ``StorageError`` when stdout takes no more, as on a full disk; a reader who left is no such thing.
        """
        if self.is_json:
            return
        try:
            _print(text, self.stdout, has_colour=self.stdout_has_colour)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StorageError(
                f"stdout: not written ({os_reason(error)})", cure="send it where there is room, then ask again"
            ) from error

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a small table on stdout; nothing with ``--json``. All of it is held in memory."""
        from .table import render_table

        for line in render_table(columns, rows):
            self.print(line)

    def print_status(self, line: str) -> None:
        """Write a line to stderr, above the live display while there is one.

        Nothing that is said on the way may end the run: a stderr that takes no more is let go.
        """
        with suppress(OSError, ValueError):
            shown = line if isinstance(line, Styled) else printable(line)
            if self._above is not None:
                self._above(shown)
            else:
                self.stderr.write(f"{shown}\n")
                self.stderr.flush()

    def discard_broken_streams(self) -> None:
        """Turn streams that take nothing any more to nowhere, or Python's own last flush would fail on them."""
        for stream in (self.stdout, self.stderr):
            try:
                stream.flush()
            except OSError:
                with Path(os.devnull).open("wb") as nowhere:
                    os.dup2(nowhere.fileno(), stream.fileno())

    @contextmanager
    def lines_above(self, display: Callable[[str], None]) -> Iterator[None]:
        """Hand the lines of ``print_status`` to a live display while the context lasts."""
        before, self._above = self._above, display
        try:
            yield
        finally:
            self._above = before

    def confirm(self, question: str, *, unasked: bool) -> bool:
        """Ask yes or no on a terminal, no being the default; ``unasked`` is the answer where nobody can be asked.

        Ctrl-D and stop signals at the question end the program, also where a running loop has taken these over.
        To be called on the main thread.
        """
        if not self.is_interactive:
            return unasked
        with interruptible():
            try:
                return click.confirm(printable(question), err=True)
            except click.Abort:
                self.print_status("")
                raise

    def progress(self, source: Callable[[], Progress]) -> AbstractAsyncContextManager[None]:
        """Show how a run comes on while the context lasts: live on a terminal, elsewhere a line every 10 s.

        ``source`` is called on the event loop, about four times a second at most, and has to be cheap.
        """
        from .display import live_progress

        return live_progress(self, source)

    def planning(self) -> AbstractContextManager[Callable[[int], None]]:
        """Give a function to be called with the number of rows planned so far, as often as is convenient.

        On a terminal the count appears after half a second, elsewhere as a line every 10 s. The calls may come
        from any one thread.
        """
        from .display import row_counter

        return row_counter(self, "Planning")

    def show_plan(self, plan: Forecast) -> None:
        """Tell on stderr what is about to be done."""
        for line in plan_lines(plan):
            self.print_status(line)

    def finish(self, summary: Summary) -> None:
        """Tell the end of the command; it goes to stderr when the results themselves went to stdout."""
        if self.is_json:
            _print(summary.to_json(), self.stdout, has_colour=False)
            return
        is_taken = summary.output == "-"
        stream = self.stderr if is_taken else self.stdout
        has_colour = self.stderr_has_colour if is_taken else self.stdout_has_colour
        for line in summary_lines(summary):
            _print(line, stream, has_colour=has_colour)
        if summary.error is not None:
            self.error(summary.error)

    def error(self, failure: ErrorInfo) -> None:
        """Print what went wrong on stderr, and below it what to do."""
        first, *more = failure.lines
        title = styled("error:", fg="red", bold=True)
        _print(composed(title, f" {first}"), self.stderr, has_colour=self.stderr_has_colour)
        for line in more:
            _print(line, self.stderr, has_colour=self.stderr_has_colour)
        if failure.cure:
            _print(f"  {failure.cure}", self.stderr, has_colour=self.stderr_has_colour)


_WITHOUT_CURSOR = ("dumb", "unknown")


def has_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Decide about colour on one stream: https://no-color.org, https://force-color.org, then the terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return _is_terminal(stream) and environ.get("TERM") not in _WITHOUT_CURSOR


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # no stream at all, or a closed one
        return False


class _Nowhere(StringIO):
    """Stands in for a stream that the program was started without."""

    def write(self, text: str) -> int:
        """Let go."""
        return len(text)


def _print(text: str, stream: TextIO, *, has_colour: bool) -> None:
    """Print a line in the stream's own encoding; what that cannot hold, or would act there, is an escape."""
    encoding = stream.encoding or "utf-8"
    shown = text if isinstance(text, Styled) else printable(text)
    if not has_colour:
        shown = click.unstyle(shown)
    stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
