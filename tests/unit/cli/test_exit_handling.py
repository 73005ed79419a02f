"""However the program ends, it ends with a sentence, an exit code and, with --json, one object."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from provisioner import __version__
from provisioner.cli.console import Console
from provisioner.cli.exit_handling import known_error
from provisioner.cli.main import main
from provisioner.errors import ExitCode, GuardError, LedgerBusyError, ProvisionerError, UsageError
from provisioner.models import Counts
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.system.interrupts import Terminated
from tests.toy_command import Toy

Capture = pytest.CaptureFixture[str]


def raising(error: BaseException) -> Callable[[Console], Summary]:
    """Return what a toy does that fails."""

    def fail(_console: Console) -> Summary:
        raise error

    return fail


def test_a_finished_command_prints_its_summary_and_ends_with_its_code(toy: Toy, capsys: Capture) -> None:
    """The summary's exit code is the program's; its text goes to stdout."""
    counts = Counts(input=3, created=2, rejected=1)
    toy.does = lambda _console: Summary(command="toy", exit_code=ExitCode.REJECTED, counts=counts, output="r.csv")

    code = toy.play()

    assert code == 4
    out = "input 3 = created 2 + rejected 1 + unknown 0 + unsent 0 + invalid 0\nresults: r.csv\n"
    assert capsys.readouterr() == (out, "")


def test_an_error_of_ours_becomes_a_sentence_and_its_cure(toy: Toy, capsys: Capture) -> None:
    """Message and cure go to stderr, and the class decides the exit code."""
    toy.does = raising(LedgerBusyError("another run holds the ledger", cure="wait for it, or stop it"))

    code = toy.play()

    assert code == 75
    assert capsys.readouterr() == ("", "error: another run holds the ledger\n  wait for it, or stop it\n")


def test_a_cure_that_says_nothing_is_not_printed(toy: Toy, capsys: Capture) -> None:
    """An error that says it all has one line."""
    toy.does = raising(UsageError("too much"))

    toy.play()

    assert capsys.readouterr().err == "error: too much\n"


def test_a_summary_with_an_error_tells_both(toy: Toy, capsys: Capture) -> None:
    """A run that a guard stopped tells its counts on stdout and the reason on stderr."""
    failure = ErrorInfo.from_error(GuardError("the credentials are wrong", cure="fix them"))
    toy.does = lambda _console: Summary(
        command="toy",
        exit_code=ExitCode.GUARD,
        outcome=CommandOutcome.GUARDED,
        counts=Counts(input=1, unsent=1),
        error=failure,
    )

    code = toy.play()

    out, err = capsys.readouterr()
    assert code == 6
    assert out.startswith("input 1 = ")
    assert err == "error: the credentials are wrong\n  fix them\n"


def test_an_error_inside_a_group_is_found(toy: Toy, capsys: Capture) -> None:
    """What a task group wraps is unwrapped; a foreseen error goes before an unforeseen one."""
    inner = BaseExceptionGroup("tasks", [ValueError("x"), ExceptionGroup("more", [UsageError("found")])])
    toy.does = raising(inner)

    code = toy.play()

    assert code == 2
    assert capsys.readouterr().err == "error: found\n"


def test_a_bug_is_one_sentence_without_its_text(toy: Toy, capsys: Capture) -> None:
    """An unforeseen exception tells its type, place and version; never its text, which may quote a row."""
    toy.does = raising(ValueError("Ada Lovelace"))

    code = toy.play()

    out, err = capsys.readouterr()
    assert code == 1
    assert out == ""
    assert err.startswith("error: internal error: ValueError at ")
    assert f", provisioner {__version__}, Python " in err
    assert err.endswith("\n  this is a bug, please report it; repeat it with --log-level debug for a traceback\n")
    assert "Ada" not in err
    assert "Traceback" not in err


def test_a_bugs_traceback_goes_to_the_log_file(toy: Toy, tmp_path: Path, capsys: Capture) -> None:
    """With a log file the places are in there, and the sentence says so."""
    toy.does = raising(ValueError("Ada Lovelace"))
    log = tmp_path / "toy.log"

    code = main(["--log-file", str(log), "toy", "a.csv"])

    event = json.loads(log.read_text())
    err = capsys.readouterr().err
    assert code == 1
    assert event["event"] == "command.crashed"
    assert event["error_type"] == event["traceback"][-1] == "ValueError"
    assert f"its traceback is in {log}" in err
    assert "toy_command.py" not in err
    assert "Ada" not in log.read_text() + err


def test_a_bugs_traceback_goes_to_stderr_for_whoever_debugs(toy: Toy, capsys: Capture) -> None:
    """At --log-level debug the places are in the log on stderr, without the exception's text."""
    toy.does = raising(ValueError("Ada Lovelace"))

    main(["--log-level", "debug", "toy", "a.csv"])

    event, sentence, cure, _ = capsys.readouterr().err.split("\n")
    assert json.loads(event)["traceback"][-1] == "ValueError"
    assert "Ada" not in event + sentence
    assert cure.endswith("its traceback is above")


@pytest.mark.parametrize(("level", "lines"), [("info", 2), ("debug", 5)])
def test_a_command_that_cannot_be_imported_is_a_bug_too(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: Capture, *, level: str, lines: int
) -> None:
    """Before a command's log is open its exit path is the same."""

    def fail(_name: str) -> None:
        raise ImportError("no", name="missing_thing")

    monkeypatch.setattr("provisioner.cli.main.import_module", fail)

    code = main(["--log-level", level, "toy"])

    err = capsys.readouterr().err.splitlines()
    assert code == 1
    assert err[-2].startswith("error: internal error: ImportError (missing_thing) at ")
    assert len(err) >= lines
    assert ("its traceback is above" in err[-1]) is (level == "debug")


def test_an_exit_that_was_asked_for_stays(toy: Toy) -> None:
    """Nothing is made of ``SystemExit`` but the exit."""
    toy.does = raising(SystemExit(7))

    with pytest.raises(SystemExit, match="7"):
        toy.play()


def test_an_interrupt_while_arguments_are_read_is_no_bug() -> None:
    """Ctrl-C is told as such wherever it strikes."""
    told = [known_error(KeyboardInterrupt()), known_error(Terminated())]

    assert [error.exit_code for error in told] == [ExitCode.SIGINT, ExitCode.SIGTERM]


def test_what_the_system_says_of_a_failure_is_told(toy: Toy, capsys: Capture) -> None:
    """An operating system error that nobody foresaw tells what the system said, not the file's name."""
    toy.does = raising(OSError(24, "Too many open files", "customers of Ada.csv"))

    toy.play()

    err = capsys.readouterr().err
    assert "internal error: OSError (Too many open files) at " in err
    assert "Ada" not in err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "stopped by SIGINT"),
        (click.Abort(), 130, "stopped by SIGINT"),
        (asyncio.CancelledError(), 1, "internal error: CancelledError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_exception_has_an_end_too(
    toy: Toy, capsys: Capture, *, error: BaseException, code: int, said: str
) -> None:
    """Interrupts end with 130, and a cancellation that nobody caught is a bug, not a traceback."""
    toy.does = raising(error)

    returned = toy.play()

    assert returned == code
    assert f"error: {said}" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_stop_signal_before_the_loop_ends_the_command(
    toy: Toy, capsys: Capture, *, number: signal.Signals, code: int
) -> None:
    """Every stop signal unwinds a command that has not taken it over, and its handler is put back."""
    before = signal.getsignal(number)
    if before is signal.SIG_IGN:
        pytest.skip("the tests run under nohup")

    def kill(_console: Console) -> Summary:
        signal.raise_signal(number)
        raise AssertionError("the signal came late")

    toy.does = kill

    returned = toy.play("--json")

    told = json.loads(capsys.readouterr().out)
    assert returned == told["exit_code"] == code
    assert told["outcome"] == "stopped"
    assert told["error"]["message"] == f"stopped by {number.name}"
    assert signal.getsignal(number) is before


LOUD = "Invalid value for '--log-level': 'loud' is not one of 'debug', 'info', 'warning', 'error'"
NOTHING: dict[str, Any] = dict.fromkeys(Counts.__struct_fields__) | {
    "throttled": 0,
    "elapsed_s": None,
    "rate_achieved": None,
    "output": None,
    "failed": None,
    "ledger": None,
    "next_command": None,
    "messages": None,
    "history": None,
    "conversation_settings": None,
    "notes": [],
}


@pytest.mark.parametrize(
    ("arguments", "code", "outcome", "error"),
    [
        (["toy", "--json"], 2, "failed", ("Missing argument 'FILE...'", "see 'provisioner toy --help'", "usage")),
        (
            ["toy", "a", "--json", "--wrods"],
            2,
            "failed",
            (
                "No such option '--wrods'. (Did you mean one of: '--host', '--verbose', '--words'?)",
                "see 'provisioner toy --help'",
                "usage",
            ),
        ),
        (["--log-level", "loud", "toy", "--json"], 2, "failed", (LOUD, "see 'provisioner --help'", "usage")),
        (
            ["--config", "/missing.toml", "toy", "--json"],
            2,
            "failed",
            ("/missing.toml: No such file or directory", "name a file that can be read with --config", "usage"),
        ),
        (["toy", "a", "--json"], 6, "guarded", ("enough", "go on", "guard")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_json_is_one_object_on_every_exit_path(
    toy: Toy, capsys: Capture, *, arguments: list[str], code: int, outcome: str, error: tuple[str, str, str]
) -> None:
    """With --json anywhere among the arguments stdout holds one object and stderr no sentence."""
    toy.does = raising(GuardError("enough", cure="go on"))

    returned = main(arguments)

    out, err = capsys.readouterr()
    assert returned == code
    assert err == ""
    assert json.loads(out) == NOTHING | {
        "command": "toy",
        "exit_code": code,
        "outcome": outcome,
        "next_command": "provisioner toy a --json" if code == ExitCode.GUARD else None,
        "error": dict(zip(("message", "cure", "kind"), error, strict=True)),
    }


def test_an_unknown_command_can_be_told_in_json(capsys: Capture) -> None:
    """Where no command was understood, its name is empty in the object."""
    code = main(["simulat", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == 2
    assert told["command"] == ""
    assert told["error"]["message"] == "No such command 'simulat'. Did you mean 'simulate'?"


def test_with_json_a_command_says_nothing_else_on_stdout(toy: Toy, capsys: Capture) -> None:
    """What a command says on the way is for people; the object at the end is all a program gets."""

    def talk(console: Console) -> Summary:
        console.print("hello")
        console.table(("a",), [("b",)])
        return Summary(command="toy", counts=Counts(input=1, created=1), details={"more": [1]})

    toy.does = talk

    code = toy.play("--json")

    out, err = capsys.readouterr()
    told = json.loads(out)
    assert code == 0
    assert (told["command"], told["created"], told["more"]) == ("toy", 1, [1])
    assert out.count("\n") == 1
    assert err == ""


def test_a_bug_under_json_is_an_object_too(toy: Toy, capsys: Capture) -> None:
    """An internal error is told on stdout as every other."""
    toy.does = raising(ZeroDivisionError())

    code = toy.play("--json")

    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == 1
    assert told["error"]["kind"] == "internal"


def test_without_arguments_the_program_shows_its_help(capsys: Capture) -> None:
    """Nothing asked is help asked."""
    code = main([])

    out, err = capsys.readouterr()
    assert code == 0
    assert out.startswith("Usage: provisioner [OPTIONS] COMMAND [ARGS]...\n")
    assert "  simulate    Run a simulated Twilio on this machine, with scripted faults.\n" in out
    assert err == ""


def test_the_version_is_told(capsys: Capture) -> None:
    """--version prints name and version."""
    code = main(["--version"])

    assert code == 0
    assert capsys.readouterr().out == f"provisioner {__version__}\n"


def test_a_log_file_that_cannot_be_opened_is_a_usage_error(toy: Toy, tmp_path: Path, capsys: Capture) -> None:
    """The command is not even begun."""
    toy.does = raising(AssertionError("begun"))

    code = main(["--log-file", str(tmp_path / "missing" / "x.log"), "toy", "a"])

    assert code == 2
    assert capsys.readouterr().err.startswith(
        f"error: --log-file {tmp_path}/missing/x.log: No such file or directory\n"
    )


def test_every_kind_of_error_has_a_word_for_programs() -> None:
    """The kind is the class's name in lower case, without Error."""
    kinds = {
        cls.__name__: ErrorInfo.from_error(cls("x")).kind
        for cls in (ProvisionerError, LedgerBusyError, UsageError)
    }

    assert kinds == {"ProvisionerError": "provisioner", "LedgerBusyError": "ledger_busy", "UsageError": "usage"}
