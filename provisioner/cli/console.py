"""Standard streams of a command: stdout for data and summaries, stderr for progress, questions and logs."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from provisioner.errors import StorageError
from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress
from provisioner.models.summary import ErrorInfo, Summary
from provisioner.system.interrupts import interruptible
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import Styled, printable

from .note_lines import note_lines
from .plan_text import plan_lines
from .progress_text import plain_line, worker_texts
from .repeated_reasons import RepeatedReasons
from .styles import composed, styled
from .summary_text import summary_lines

if TYPE_CHECKING:
    from .event_stream import EventStream


class Console:
    """Writer to the standard streams of one command; implements ``ports.user_interface.UserInterface``.

    Colour is decided for each stream: ``NO_COLOR`` wins over ``FORCE_COLOR``, which wins over whether the stream
    is a terminal. ``is_on_terminal`` says whether stderr is a terminal, ``is_live`` whether its cursor can be
    moved, ``is_interactive`` whether questions can be asked. With ``is_json`` stdout receives one JSON object at
    the end and nothing else. With ``is_quiet`` (``--quiet``) stderr receives warnings, errors, questions and the
    addresses of pages alone.
    With ``events_from`` (``--log-format json``) all of stderr is JSON lines: events of this level and above.
    """

    def __init__(
        self,
        *,
        is_json: bool = False,
        is_quiet: bool = False,
        events_from: str = "",
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.is_json, self.is_quiet = is_json, is_quiet
        self.stdout, self.stderr = sys.stdout or _Nowhere(), sys.stderr or _Nowhere()
        self.stdout_has_colour = has_colour(self.stdout, environ)
        self.stderr_has_colour = has_colour(self.stderr, environ)
        self.is_on_terminal = _is_terminal(self.stderr)
        self._events = self._event_stream(events_from) if events_from else None
        has_cursor = self.is_on_terminal and environ.get("TERM") not in _WITHOUT_CURSOR
        self.is_live = has_cursor and not is_quiet and self._events is None
        self.is_interactive = self.is_on_terminal and _is_terminal(sys.stdin)
        self._above: Callable[[str], None] | None = None
        self.repeated = RepeatedReasons()
        """Warnings of the log that give the same reason again."""

    def _event_stream(self, least: str) -> "EventStream":
        from .event_stream import EventStream

        return EventStream(self.write_line, "warning" if self.is_quiet and least != "error" else least)

    @property
    def is_answer_private(self) -> bool:
        """Return whether stdout is a terminal."""
        return _is_terminal(self.stdout)

    def print(self, text: str = "") -> None:
        """Print a line of the command's answer on stdout; nothing with ``--json``.

        Raise ``StorageError`` when stdout cannot be written, as on a full disk, and ``BrokenPipeError`` when the
        reader of the pipe has left.
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
        """Print a small table on stdout; nothing with ``--json`` or without rows. All rows are held in memory."""
        from .table import render_table

        held = [*rows]
        for line in render_table(columns, held) if held else ():
            self.print(line)

    def print_status(self, line: str) -> None:
        """Write a line about the progress to stderr, above the live display; nothing with ``--quiet``."""
        if self._events is not None:
            self._events.status(line)
        elif not self.is_quiet:
            for part in note_lines(line, self.stderr):
                self.write_line(part)

    def print_address(self, line: str) -> None:
        """Write a line with an address to stderr, with ``--quiet``, too: it was asked for, and is nowhere else."""
        if self._events is not None:
            self._events.address(line)
        else:
            self.write_line(line)

    def print_warning(self, line: str) -> None:
        """Write a line to stderr that is shown with ``--quiet``, too."""
        if self._events is not None:
            self._events.status(line, "warning")
        else:
            self.write_line(line)

    def write_line(self, line: str) -> None:
        """Write a line as it is to stderr, above the live display while there is one.

        An error of stderr is ignored, because such a line must never end the run.
        """
        with suppress(OSError, ValueError):
            shown = line if isinstance(line, Styled) else printable(line)
            if self._above is not None:
                self._above(shown)
            else:
                self.stderr.write(f"{shown}\n")
                self.stderr.flush()

    def discard_broken_streams(self) -> None:
        """Redirect streams that cannot be flushed to the null device, or Python's flush at exit would fail."""
        for stream in (self.stdout, self.stderr):
            try:
                stream.flush()
            except OSError:
                with Path(os.devnull).open("wb") as nowhere:
                    os.dup2(nowhere.fileno(), stream.fileno())

    @contextmanager
    def lines_above(self, display: Callable[[str], None]) -> Iterator[None]:
        """Send the lines of ``write_line`` to the live display ``display`` while the context lasts."""
        before, self._above = self._above, display
        try:
            yield
        finally:
            self._above = before

    def confirm(self, question: str) -> bool | None:
        """Ask yes or no on a terminal, default no; return None where nobody can be asked.

        Ctrl-D and stop signals at the question end the program, also while an event loop handles signals. Call it
        on the main thread. Raise ``click.Abort`` for Ctrl-C and Ctrl-D.
        """
        if not self.is_interactive:
            return None
        if self._events is not None:
            self._events.question(question)
            question = ""
        with interruptible():
            try:
                return click.confirm(printable(question), err=True, **({} if question else _WITHOUT_PROMPT))
            except click.Abort:
                self.print_status("")
                raise

    def show_progress(self, progress: Progress) -> None:
        """Write the progress of a run to stderr where it is not drawn; nothing with ``--quiet``."""
        if self._events is not None:
            self._events.progress(progress)
            return
        for line in (plain_line(progress), *worker_texts(progress.workers)):
            self.print_status(line)

    def progress(self, source: Callable[[], Progress]) -> AbstractAsyncContextManager[None]:
        """Show the progress of a run while the context lasts: live on a terminal, else one line every 10 s.

        ``source`` returns the current progress. It is called on the event loop, at most about four times a second,
        and has to return fast.
        """
        from .display import live_progress

        return live_progress(self, source)

    def planning(self) -> AbstractContextManager[Callable[[int], None]]:
        """Yield a function that takes the number of rows planned so far; call it as often as is convenient.

        On a terminal the count appears after half a second, elsewhere as a line every 10 s. All calls have to come
        from one thread, which may be any thread.
        """
        from .display import row_counter

        return row_counter(self, "Planning")

    def show_plan(self, plan: Forecast) -> None:
        """Print on stderr what the run is about to do."""
        if self._events is not None:
            self._events.plan(plan)
            return
        for line in plan_lines(plan):
            self.print_status(line)

    def finish(self, summary: Summary) -> None:
        """Print the summary: on stdout, or on stderr where stdout may hold results, in whole or in part."""
        if self.is_json:
            _print(summary.to_json(), self.stdout, has_colour=False)
            return
        is_taken = summary.output == "-" or (summary.error is not None and summary.counts is None)
        if self._events is not None and is_taken:
            self._events.ended(summary)
            return
        stream = self.stderr if is_taken else self.stdout
        has_colour = self.stderr_has_colour if is_taken else self.stdout_has_colour
        for line in summary_lines(summary):
            for part in note_lines(line, stream):
                _print(part, stream, has_colour=has_colour)
        if summary.error is not None:
            self.error(summary.error, exit_code=summary.exit_code)

    def print_crash(self, lines: Sequence[str]) -> None:
        """Write the places of an internal error to stderr."""
        if self._events is not None:
            self._events.traceback([*lines])
            return
        for line in lines:
            self.write_line(line)

    def error(self, failure: ErrorInfo, *, exit_code: int) -> None:
        """Print an error on stderr: what is wrong, and below it what to do."""
        if self._events is not None:
            self._events.failed(failure, exit_code)
            return
        first, *more = failure.lines
        title = styled("error:", fg="red", bold=True)
        _print(composed(title, f" {first}"), self.stderr, has_colour=self.stderr_has_colour)
        for line in more:
            _print(line, self.stderr, has_colour=self.stderr_has_colour)
        if failure.cure:
            _print(f"  {failure.cure}", self.stderr, has_colour=self.stderr_has_colour)


_WITHOUT_CURSOR = ("dumb", "unknown")
_WITHOUT_PROMPT: Mapping[str, Any] = {"prompt_suffix": "", "show_default": False}
"""Arguments for a question that was written as an event."""


def has_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether to write colour: https://no-color.org, then https://force-color.org, then the terminal."""
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
    """Stand-in for a standard stream that the program was started without; discards all text."""

    def write(self, text: str) -> int:
        """Discard ``text`` and return its length in characters."""
        return len(text)


def _print(text: str, stream: TextIO, *, has_colour: bool) -> None:
    """Print a line in the stream's own encoding; unencodable and control characters become escapes."""
    encoding = stream.encoding or "utf-8"
    shown = text if isinstance(text, Styled) else printable(text)
    if not has_colour:
        shown = click.unstyle(shown)
    stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
