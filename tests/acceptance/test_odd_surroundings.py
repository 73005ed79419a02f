"""What a machine may lack or have oddly set: the program copes with it, or says what is wrong and its cure."""

import os
import signal
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.acceptance.program import ADDRESS, CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.stub_twilio import StubMaker, keeping_silent

pytestmark = pytest.mark.acceptance

CHECK = ("check", "in.csv", "--address-sid", ADDRESS)
SIMULATED = ("run", "in.csv", "--key", "crm_id", "--rate", "100/s", "--simulate")
DIGITS = "9" * 5000
ODD_NAME = os.fsdecode(b"n\xe9\xff.csv")


def without(*descriptors: int) -> Callable[[], None]:
    """Return what closes these descriptors in the program before it starts."""

    def close() -> None:
        for each in descriptors:
            os.close(each)

    return close


async def test_a_program_without_standard_streams_does_its_work(program: Program) -> None:
    """Whatever of stdin, stdout and stderr is closed: the same end, and no file of ours in its place."""
    program.write_customers("in.csv", 2)
    run = (*SIMULATED, "-o", "out.csv", "--loop", "auto")

    for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        ended = await program(*run, preexec_fn=without(*closed))
        assert (closed, ended.code) == (closed, 0), ended.stderr
        assert program.statuses("out.csv") == ["created", "created"]
        ledger = program.folder / "out.csv.ledger"
        assert ledger.read_bytes().startswith(b"SQLite format 3")
        if closed != (0, 1, 2):
            ledger.unlink()
            (program.folder / "out.csv").unlink()
    others = ((CHECK, 0), (("status", "out.csv.ledger"), 0), (("simulate", "--port", "99999"), 2))
    for command, code in others:
        assert (await program(*command, preexec_fn=without(0, 1, 2))).code == code
    unheard = await program(*SIMULATED, "-o", "-", "--ledger", "out.csv.ledger", preexec_fn=without(1))
    assert (unheard.code, unheard.stderr.splitlines()[0]) == (2, "error: stdout is closed")


async def test_a_hangup_drains_as_a_termination_does(program: Program, twilio: StubMaker) -> None:
    """SIGHUP ends every command as SIGTERM does; under nohup it changes nothing."""
    server = await twilio(lambda _twilio, _call: keeping_silent)
    program.write_customers("in.csv", 2)
    job = ("run", "in.csv", "-o", "out.csv", "--base-url", server.url, "--drain", "0.1", "--json")

    running = await program.start(*job, env=CREDENTIALS)
    await running.says('{"timestamp"')
    running.signal(signal.SIGHUP)
    ended = await running.end()
    playing = await program.start("simulate", "--port", "0")
    assert playing.process.stdout is not None
    await playing.process.stdout.readline()
    playing.signal(signal.SIGHUP)
    played = await playing.end()

    assert (ended.code, ended.summary["exit_code"], ended.summary["outcome"]) == (143, 143, "stopped")
    assert "stopping: nothing new is sent" in ended.stderr
    assert played.code == 0


async def test_a_hangup_that_is_ignored_stays_ignored(program: Program, simulator: SimulatorMaker) -> None:
    """A run under ``nohup`` outlives its terminal."""
    server = await simulator()
    program.write_customers("in.csv", 3)

    running = await program.start(
        *("run", "in.csv", "-o", "out.csv", "--base-url", server.url, "--rate", "4/s"),
        env=CREDENTIALS,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    await running.says('{"timestamp"')
    running.signal(signal.SIGHUP)
    ended = await running.end()

    assert (ended.code, ended.counts) == (0, {"created": 3})


def surroundings(folder: Path) -> Sequence[tuple[str, Sequence[str], Mapping[str, str], str]]:
    """Return odd surroundings: what is odd, a command, its environment, and what it says (empty: all is well)."""
    run = (*SIMULATED, "-o", "out.csv")
    called = ("run", "in.csv", "-o", "out.csv", "--base-url", "http://127.0.0.1:9")
    long_toml = f"{folder / 'long.toml'}"
    return (
        ("a zone that is none", CHECK, {"TZ": "Nonsense"}, ""),
        ("a zone beyond a day", CHECK, {"TZ": "AAA-999"}, "TZ='AAA-999' is not a time zone"),
        ("--tz", (*run, "--tz", "../x"), {}, "--tz '../x' is not a time zone"),
        ("a name of bytes", ("check", ODD_NAME, "--address-sid", ADDRESS), {}, "has a name that is not UTF-8"),
        ("results of bytes", (*SIMULATED, "-o", ODD_NAME), {}, "the name is not UTF-8"),
        (
            "an option of bytes",
            (*run, "--tz", ODD_NAME),
            {"PYTHONIOENCODING": "ascii:strict"},
            "is not a time zone",
        ),
        ("a delimiter of bytes", (*run, "--delimiter", os.fsdecode(b"\xff")), {}, "is not a delimiter"),
        ("a secret of bytes", called, {**CREDENTIALS, "TWILIO_API_SECRET": os.fsdecode(b"\xff")}, "is malformed"),
        (
            "an ASCII stdout",
            ("check", "é.csv", "--address-sid", ADDRESS),
            {"PYTHONIOENCODING": "ascii:strict"},
            "",
        ),
        (
            "a Latin stdout",
            ("check", "é.csv", "--address-sid", ADDRESS),
            {"PYTHONIOENCODING": "latin-1:strict"},
            "",
        ),
        ("a long limit", (*run, "--limit", DIGITS), {}, "Invalid value for '--limit'"),
        ("a long timeout", (*run, "--timeout", DIGITS), {}, "Invalid value for '--timeout'"),
        ("a long number in TOML", ("--config", long_toml, *CHECK), {}, "holds a number that is too long"),
        ("a long number in a mapping", (*CHECK, "--map", long_toml), {}, "holds a number that is too long"),
        ("a long number in faults", ("simulate", "--faults", long_toml), {}, "holds a number that is too long"),
        ("a deep TOML", ("--config", f"{folder / 'deep.toml'}", *CHECK), {}, "is nested too deeply"),
        ("a long number in a row", ("check", "long.jsonl", "--address-sid", ADDRESS), {}, ""),
        (
            "no key log",
            run,
            {"SSLKEYLOGFILE": "/nonexistent/k"},
            "SSLKEYLOGFILE names /nonexistent/k, which cannot",
        ),
        ("no key log", ("simulate",), {"SSLKEYLOGFILE": "/nonexistent/k"}, "SSLKEYLOGFILE names /nonexistent/k"),
        ("a locked TMPDIR", CHECK, {"TMPDIR": "/nonexistent"}, ""),
    )


async def test_odd_surroundings_are_coped_with_or_told(program: Program) -> None:
    """No internal error for what is odd about a machine: exit code 0, or 2 and a sentence with its cure."""
    program.write_customers("in.csv", 2)
    program.write_customers("é.csv", 2)
    program.write(ODD_NAME, "crm_id,CustomerFriendlyName\n1,Bo\n")
    program.write("long.toml", f"seed = {DIGITS}\n")
    program.write("deep.toml", f"seed = {'[' * 5000}")
    program.write("long.jsonl", f'{{"CustomerFriendlyName": "Bo", "pre_engagement_data": {{"n": {DIGITS}}}}}\n')

    for what, command, environ, said in surroundings(program.folder):
        ended = await program(*command, env=environ)
        assert (what, ended.code) == (what, 2 if said else 0), ended.stderr
        assert said in ended.stderr
        assert not said or ended.stderr.count("\n") == 2, ended.stderr


async def test_a_folder_that_is_gone_is_told(program: Program) -> None:
    """Where the current folder was deleted, absolute names work, and others get a sentence."""
    program.write_customers("in.csv", 2)
    made = await program(*SIMULATED, "-o", "out.csv")
    gone = program.folder / "gone"

    def lose_the_folder() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    ledger = str(program.folder / "out.csv.ledger")
    ends = [
        await program(*command, preexec_fn=lose_the_folder)
        for command in (
            ("status", ledger),
            ("export", ledger, "-o", str(program.folder / "again.csv")),
            ("report", ledger, "-o", "page.html"),
        )
    ]

    assert made.code == 0
    assert [ended.code for ended in ends] == [0, 2, 2]
    for ended in ends[1:]:
        assert ended.stderr.startswith("error: the current folder is not there any more\n  change to one that is")


async def test_tls_keys_that_are_written_down_are_told(program: Program, twilio: StubMaker) -> None:
    """SSLKEYLOGFILE lets Python write the keys of every connection: the log says so, and the file is private."""
    server = await twilio()
    program.write_customers("in.csv", 1)
    keys = program.folder / "keys.log"
    environ = {**CREDENTIALS, "SSLKEYLOGFILE": str(keys)}

    called = await program("run", "in.csv", "-o", "out.csv", "--base-url", server.url, env=environ)
    simulated = await program(*SIMULATED, "-o", "other.csv", env=environ)

    assert (called.code, simulated.code) == (0, 0)
    assert f'"event":"tls.keys_recorded","variable":"SSLKEYLOGFILE","path":"{keys}"' in called.stderr
    assert "tls.keys_recorded" not in simulated.stderr
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
