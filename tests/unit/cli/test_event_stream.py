"""stderr as JSON lines alone."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from provisioner.cli.console import Console
from provisioner.cli.exit_handling import finish_with
from provisioner.cli.main import main
from provisioner.errors import ExitCode, UsageError
from provisioner.models import Counts
from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress
from provisioner.models.summary import ErrorInfo, Summary
from tests.toy_command import Toy
from tests.unit.cli.test_console import Terminal, terminal_answering

Capture = pytest.CaptureFixture[str]
ERROR = ErrorInfo(message="no file", cure="name one", kind="usage")
PLAN = Forecast(
    counts=Counts(input=10, invalid=2),
    to_send=8,
    rate_asked=4.0,
    duration_s=2.0,
    finishes_at=datetime(2026, 5, 1, 12, 30, tzinfo=UTC),
    notes=("columns that are not used: \x1b[31m", "second"),
)


def events(text: str) -> list[dict[str, Any]]:
    """Return the events, each of which is a line in ASCII or printable characters, without their times."""
    found = [json.loads(line) for line in text.splitlines()]
    assert "\x1b" not in text
    assert all(list(each)[:3] == ["timestamp", "level", "event"] for each in found)
    return [{name: value for name, value in each.items() if name != "timestamp"} for each in found]


def test_the_plan_its_notes_and_what_is_told_on_the_way_are_events(capsys: Capture) -> None:
    """Figures are numbers and times are UTC; characters that control a terminal stay JSON's escapes."""
    console = Console(events_from="info")

    console.show_plan(PLAN)
    console.print_status("  stopping: nothing new is sent")
    console.print_status("")
    console.print_warning("warning: anybody can use it")

    plan, first, second, status, warning = events(capsys.readouterr().err)
    assert plan == {
        "level": "info",
        "event": "plan.made",
        "rows": 10,
        "invalid": 2,
        "to_send": 8,
        "to_post": 0,
        "to_look_up": 0,
        "rate_asked": 4.0,
        "duration_s": 2.0,
        "finishes_at": "2026-05-01T12:30:00Z",
    }
    assert (first["event"], first["message"]) == ("note.given", "columns that are not used: \x1b[31m")
    assert second["message"] == "second"
    assert status == {"level": "info", "event": "status.reported", "message": "stopping: nothing new is sent"}
    assert (warning["level"], warning["message"]) == ("warning", "warning: anybody can use it")


def test_the_progress_is_an_event_with_figures(capsys: Capture) -> None:
    """A rate without a limit is null; there is no live display, on a terminal either."""
    Console(events_from="info").show_progress(Progress(total=10, done=5, created=5, elapsed_s=1.23456))

    (told,) = events(capsys.readouterr().err)
    assert (told["event"], told["done"], told["total"], told["rate_asked"]) == ("progress.reported", 5, 10, None)
    assert (told["elapsed_s"], told["outcomes"]["created"]) == (1.235, 5)


def test_no_display_is_drawn_among_events_or_with_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A display would write lines that are neither events nor warnings."""
    monkeypatch.setattr(sys, "stderr", Terminal())

    consoles = [Console(environ={}), Console(events_from="info", environ={}), Console(is_quiet=True, environ={})]

    assert [console.is_live for console in consoles] == [True, False, False]


def test_quiet_leaves_the_address_of_a_page(capsys: Capture) -> None:
    """It was asked for with the page, and has a token that is nowhere else; its event is no warning."""
    for console in (Console(is_quiet=True), Console(is_quiet=True, events_from="warning")):
        console.print_status("on the way")
        console.print_address("dashboard: http://127.0.0.1:8080/#token")

    text, event = capsys.readouterr().err.splitlines()
    assert text == "dashboard: http://127.0.0.1:8080/#token"
    assert events(event) == [{"level": "info", "event": "status.reported", "message": text}]


def test_quiet_leaves_warnings_and_errors(capsys: Capture) -> None:
    """The plan, its notes and the progress are neither, as text and as events."""
    for console in (Console(is_quiet=True), Console(is_quiet=True, events_from="debug")):
        console.show_plan(PLAN)
        console.print_status("on the way")
        console.show_progress(Progress(total=1))
        assert capsys.readouterr().err == ""
        console.print_warning("warning: beware")
        console.finish(Summary(command="x", exit_code=ExitCode.USAGE, error=ERROR))
        said = capsys.readouterr()
        assert said.out == ""
        assert "warning: beware" in said.err
        assert "no file" in said.err


def test_an_error_is_an_event_with_its_cure_and_the_exit_code(capsys: Capture, toy: Toy) -> None:
    """Of a command that raises it, of the line that was typed, and of a run that tells its counts on stdout."""

    def fail(_console: Console) -> Summary:
        raise UsageError("no file", cure="name one")

    toy.does = fail
    code = main(["--log-format", "json", "toy", "a.csv"])
    (raised,) = events(capsys.readouterr().err)
    typed = main(["--log-format=json", "toy", "--nonsense"])
    (mistyped,) = events(capsys.readouterr().err)
    finish_with(
        Console(events_from="info"),
        Summary(command="x", exit_code=ExitCode.GUARD, counts=Counts(input=1, created=1), error=ERROR),
    )
    stopped = capsys.readouterr()

    assert len(raised.pop("run_id")) == 12
    assert (code, raised) == (
        2,
        {
            "level": "error",
            "event": "command.failed",
            "kind": "usage",
            "message": "no file",
            "cure": "name one",
            "exit_code": 2,
        },
    )
    assert (typed, mistyped["event"], mistyped["exit_code"]) == (2, "command.failed", 2)
    assert stopped.out.startswith("input 1 = created 1")
    assert [each["exit_code"] for each in events(stopped.err)] == [6]


def test_a_summary_beside_results_on_stdout_is_an_event(capsys: Capture) -> None:
    """With -o - the words go to stderr, which holds events alone."""
    Console(events_from="info").finish(Summary(command="run", output="-", counts=Counts(input=2, created=2)))

    (told,) = events(capsys.readouterr().err)
    assert (told["event"], told["input"], told["created"]) == ("command.finished", 2, 2)


@pytest.mark.parametrize(("typed", "expected"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_a_question_is_an_event_that_is_answered_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, typed: bytes, *, expected: bool
) -> None:
    """The answer decides as ever, and whoever reads the events sees what was asked."""
    with terminal_answering(typed, monkeypatch):
        answer = Console(events_from="info").confirm("Create 5 WebChats?")
        assert isinstance(sys.stderr, Terminal)
        (asked,) = events(sys.stderr.getvalue())

    assert answer is expected
    assert (asked["event"], asked["message"]) == ("question.asked", "Create 5 WebChats?")


def test_the_end_of_input_at_such_a_question_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D is no answer."""
    with terminal_answering(b"\x04", monkeypatch), pytest.raises(click.Abort):
        Console(events_from="info").confirm("Sure?")
