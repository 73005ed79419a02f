"""What goes to which stream, in which colour, and who is asked."""

import io
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from provisioner.cli.console import Console, has_colour
from provisioner.cli.exit_handling import finish_with, known_error
from provisioner.cli.styles import styled
from provisioner.errors import ExitCode, StorageError
from provisioner.models import Counts
from provisioner.models.progress import Progress
from provisioner.models.summary import Summary

Capture = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


class FullPipe(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.error = OSError(number, os.strerror(number))

    def write(self, text: str) -> int:
        """Refuse."""
        raise self.error

    def flush(self) -> None:
        """Refuse again what was refused."""
        raise self.error

    def fileno(self) -> int:
        """Name a descriptor that may be closed."""
        return self.descriptor

    descriptor = -1


@contextmanager
def terminal_answering(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put a pseudo-terminal in place of stdin, on which an answer was typed, and of stderr."""
    master, slave = pty.openpty()
    os.write(master, answer)
    with os.fdopen(slave, "r") as stdin, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stderr", Terminal())
        yield
    os.close(master)


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        *((Terminal(), environ, True) for environ in ({}, {"TERM": "xterm"}, {"NO_COLOR": ""})),
        *((Terminal(), environ, False) for environ in ({"TERM": "dumb"}, {"NO_COLOR": "1"})),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": ""}, False),
    ],
)
def test_colour_is_decided_by_environment_then_stream(
    stream: io.StringIO, environ: dict[str, str], *, expected: bool
) -> None:
    """NO_COLOR wins over FORCE_COLOR, which wins over what the stream is."""
    assert has_colour(stream, environ) is expected


def test_each_stream_has_its_own_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beside a terminal stays plain."""
    stdout, stderr = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    console = Console(environ={"TERM": "xterm"})

    console.print(styled("data", fg="red"))
    finish_with(console, Summary(command="x", output="-", counts=Counts(input=1, created=1)))

    assert stdout.getvalue() == "data\n"
    assert "\x1b[32mcreated 1\x1b[0m" in stderr.getvalue()


@pytest.mark.parametrize(("environ", "expected"), [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False)])
def test_a_live_display_needs_a_terminal_that_moves_its_cursor(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *, expected: bool
) -> None:
    """A dumb terminal gets plain lines, and forced colour makes no terminal of a file."""
    on_a_file = Console(environ={"FORCE_COLOR": "1"}).is_live
    monkeypatch.setattr(sys, "stderr", Terminal())

    assert Console(environ=environ).is_live is expected
    assert not on_a_file


def test_a_closed_stream_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn where nothing can be written."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)

    assert not Console().is_live


async def test_the_console_opens_the_displays(capsys: Capture) -> None:
    """Progress and planning are shown on the console's own stderr; a short piece of work says nothing there."""
    console = Console()

    with console.planning() as told:
        told(5)
    async with console.progress(lambda: Progress(total=1)):
        pass

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("attribute", ["stdin", "stderr"])
def test_where_nobody_can_be_asked_there_is_no_answer(monkeypatch: pytest.MonkeyPatch, attribute: str) -> None:
    """A question needs a terminal to be read on and one to be answered on."""
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(sys, name, io.StringIO() if name == attribute else Terminal())
    console = Console()

    assert console.confirm("Sure?") is None


@pytest.mark.parametrize(("typed", "expected"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_a_question_is_answered_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, typed: bytes, *, expected: bool
) -> None:
    """Yes has to be typed; the default is no."""
    with terminal_answering(typed, monkeypatch):
        assert Console().confirm("Create 5 WebChats?") is expected


def test_the_end_of_input_at_a_question_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D is no answer."""
    with terminal_answering(b"\x04", monkeypatch), pytest.raises(click.Abort):
        Console().confirm("Sure?")


def test_a_note_goes_to_stderr_and_a_broken_stderr_is_let_go(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """What is said on the way never ends the run."""
    Console().print_status("hello")
    said = capsys.readouterr()
    monkeypatch.setattr(sys, "stderr", FullPipe(5))
    Console().print_status("nobody hears this")

    assert said == ("", "hello\n")


def test_notes_go_above_a_display_while_there_is_one(capsys: Capture) -> None:
    """The display gets the lines, and gives the place back when it ends."""
    console, above = Console(), list[str]()

    with console.lines_above(above.append):
        console.print_status("above")
    console.print_status("plain")

    assert above == ["above"]
    assert capsys.readouterr().err == "plain\n"


def test_what_an_encoding_cannot_hold_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a narrow terminal nor a file name of odd bytes stops the output."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))

    Console().print("é … \udcff")

    assert raw.getvalue() == b"\xe9 \\u2026 \\udcff\n"


def test_a_table_is_as_wide_as_it_must_be(capsys: Capture) -> None:
    """Columns line up, nothing is cut, and what looks like markup is text."""
    Console().table(("row", "reason"), [("5", "bad [red]JSON[/red]"), ("12", "x" * 200)])

    assert capsys.readouterr().out == f"row  reason\n5    bad [red]JSON[/red]\n12   {'x' * 200}\n"


def test_a_program_started_without_streams_still_ends_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed stdout and stderr take everything and keep nothing."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    console = Console()

    console.print_status("x")
    code = finish_with(console, Summary(command="x", exit_code=ExitCode.UNKNOWN, counts=Counts()))

    assert code == 5


@pytest.mark.parametrize(
    ("number", "exit_code", "expected", "said"),
    [
        (32, ExitCode.DONE, 0, ""),
        (32, ExitCode.REJECTED, 4, ""),
        (28, ExitCode.DONE, 6, "error: stdout: No space left on device\n"),
        (28, ExitCode.REJECTED, 4, "error: stdout: No space left on device\n"),
    ],
)
def test_a_summary_that_nobody_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, *, number: int, exit_code: ExitCode, expected: int, said: str
) -> None:
    """A reader that went away is no trouble; a full disk is told, and is no success."""
    stdout = FullPipe(number)
    with Path(os.devnull).open("w", encoding="utf-8") as spare:
        stdout.descriptor = spare.fileno()
        monkeypatch.setattr(sys, "stdout", stdout)
        code = finish_with(Console(), Summary(command="x", exit_code=exit_code, counts=Counts()))

    assert code == expected
    assert capsys.readouterr().err == said


def test_an_answer_that_finds_no_room_is_the_disks_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stdout on a full disk ends the command with a sentence, and a reader who left with none."""
    monkeypatch.setattr(sys, "stdout", FullPipe(28))
    with pytest.raises(StorageError, match=r"^stdout: not written \(No space left on device\)$") as refusal:
        Console().print("status")
    monkeypatch.setattr(sys, "stdout", FullPipe(32))
    with pytest.raises(BrokenPipeError):
        Console().print("status")

    assert refusal.value.cure


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(28, "No space left on device"),
            "the output could not be written: No space left on device",
        ),
        (OSError(5, "Input/output error", "a.csv"), "a.csv could not be written: Input/output error"),
    ],
)
def test_a_disk_that_fails_unforeseen_is_no_fault_of_the_program(error: OSError, message: str) -> None:
    """Whoever writes without an eye on the disk, click its help for one, ends as storage does: with 6."""
    known = known_error(error)

    assert (known.message, known.exit_code) == (message, ExitCode.GUARD)
    assert known.cure
