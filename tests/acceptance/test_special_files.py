"""Pipes, devices, folders and sockets in the places of files, and the modes of what is written."""

import asyncio
import json
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, Program

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "--simulate", "--rate", "0", "--key", "crm_id")
REAL = ("run", "customers.csv", "-o", "r.csv", "--base-url", "http://127.0.0.1:9")
PLACES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "an input": (("check", "{}"), {}),
    "the map": ((*RUN, "-o", "r.csv", "--map", "{}"), {}),
    "the configuration": (("--config", "{}", *RUN, "-o", "r.csv"), {}),
    "a secret": (REAL, {"TWILIO_API_SECRET_FILE": "{}", "TWILIO_API_SECRET": ""}),
    "the profiles": ((*REAL, "--profile", "mine"), {"TWILIO_CONFIG_DIR": "profiles"}),
    "the ledger of a run": ((*RUN, "-o", "r.csv", "--ledger", "{}"), {}),
    "the lock of a run": ((*RUN, "-o", "r.csv", "--ledger", "job"), {}),
    "the ledger of a look": (("status", "{}"), {}),
    "the ledger of a report": (("report", "{}", "-o", "page.html"), {}),
    "the ledger of a reconciling": (("reconcile", "{}"), {}),
    "what is to be closed": (("close", "{}", "--simulate"), {}),
    "the script of faults": (("simulate", "--port", "0", "--faults", "{}"), {}),
    "the results": ((*RUN, "-o", "{}", "--format", "csv", "--ledger", "job.ledger"), {}),
    "the failed rows": ((*RUN, "-o", "r.csv", "--failed", "{}"), {}),
    "the metrics": (
        ("load", *RUN[1:3], "-o", "r.csv", "--rate", "9/s", "--duration", "1s", "--metrics-file", "{}"),
        {},
    ),
    "the log": (("--log-file", "{}", *RUN, "-o", "r.csv"), {}),
    "the export": (("mapping", "suggest", "{}"), {}),
}
NAMES = {"the lock of a run": "job.lock", "the profiles": "profiles/config.json"}


@contextmanager
def special(path: Path, kind: str) -> Iterator[str]:
    """Put something that is no file at ``path``; give its name, or that of the device."""
    path.parent.mkdir(exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case "socket":
                here = Path.cwd()
                os.chdir(path.parent)  # names of sockets are short
                listener.bind(path.name)
                os.chdir(here)
            case "device":
                path.symlink_to("/dev/zero")
        yield path.name
    path.rmdir() if kind == "folder" else path.unlink()


CALLS = """
import contextlib, io, json, os, sys
from provisioner.cli.main import main
environ = dict(os.environ)
for line in sys.stdin:
    words, env = json.loads(line)
    os.environ.clear()
    os.environ.update({**environ, **env})
    sys.argv[1:] = words
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
        code = main(words)
    print(json.dumps([code, said.getvalue()]), flush=True)
"""
"""Calls the program as often as it gets a line with arguments and environment, and tells how each call ended."""


@asynccontextmanager
async def calls(program: Program) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a process that calls the program; starting one for every call would take minutes."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CALLS),
        cwd=program.folder,
        env={**program.env, **CREDENTIALS},
        stdin=pipe,
        stdout=pipe,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def call(
    process: asyncio.subprocess.Process, words: Sequence[str], env: Mapping[str, str]
) -> tuple[int, str]:
    """Call the program once, and return its exit code and what it said; ``TimeoutError`` where it hangs."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([words, env]).encode() + b"\n")
    async with asyncio.timeout(60):
        code, said = json.loads(await process.stdout.readline())
    return code, said


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
async def test_what_is_no_file_is_refused_at_once(program: Program, kind: str) -> None:
    """At every name that is opened: exit code 2, one sentence and its cure, nothing hangs and nothing is made."""
    program.write_customers("customers.csv", 1)

    async with calls(program) as process:
        for number, (place, (words, env)) in enumerate(PLACES.items()):
            with special(program.folder / NAMES.get(place, f"{kind}-{number}"), kind) as name:
                given = {each: value.format(name) for each, value in env.items()}
                code, said = await call(process, [word.format(name) for word in words], given)

            assert code == 2, (place, said)
            error, cure = said.splitlines()
            assert (error[:7], cure[:2]) == ("error: ", "  "), (place, said)
            assert "internal error" not in error, (place, said)
            left = {each.name for each in program.folder.iterdir()} - {"profiles"}
            assert left == {"customers.csv", "home"}, (place, left)


async def test_streams_of_the_shell_are_read_and_written(program: Program) -> None:
    """Process substitution, ``/dev/stdin``, a named pipe with a writer, ``/dev/null`` and ``/dev/stderr`` stay."""
    rows = program.write_customers("customers.csv", 3).read_bytes()
    program.write("map.toml", 'customer_friendly_name = "{CustomerFriendlyName}"\n')
    os.mkfifo(program.folder / "pipe")
    env = {**program.env, **CREDENTIALS}
    start = f"{sys.executable} -m provisioner"
    lines = [
        f"{start} check <(cat customers.csv) --map <(cat map.toml)",
        f"{start} check /dev/stdin < customers.csv",
        f"cat customers.csv | {start} check /dev/stdin",
        f"cat customers.csv | {start} check -",
        f"(sleep 0.3; cat customers.csv) > pipe & {start} check pipe; code=$?; wait; exit $code",
        f"{start} --log-file /dev/null check customers.csv",
        f"{start} --log-file /dev/stderr check customers.csv",
        f"{start} --log-file >(cat) check customers.csv",
    ]

    for line in lines:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", line), cwd=program.folder, env=env, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
        assert (process.returncode, b"3 of 3 rows" in said) == (0, True), (line, said)
    assert (program.folder / "customers.csv").read_bytes() == rows


@pytest.mark.parametrize("umask", [0o000, 0o077])
async def test_files_are_for_their_owner_and_metrics_for_everybody(program: Program, umask: int) -> None:
    """Whatever the umask: while it runs and afterwards, 0600, and 0644 for the metrics that others collect."""
    program.write_customers("customers.csv", 40)
    program.write("broken.csv", "crm_id,CustomerFriendlyName\n1,Ana\n2\n")
    load = ("load", "customers.csv", "-o", "r.csv", "--metrics-file", "r.prom", "--rate", "40/s")

    running = await program.start("--log-file", "run.log", *load, "--simulate", "--canary", "0", umask=umask)
    seen: dict[str, int] = {}
    while running.process.returncode is None:
        seen |= modes_of(program.folder)
        await asyncio.sleep(0.02)
    ended = await running.end()
    failed = await program(
        *("run", "broken.csv", "-o", "b.csv", "--failed", "f.csv", "--simulate", "--rate", "0"), umask=umask
    )
    await program("report", "r.csv.ledger", umask=umask)
    await program("export", "r.csv.ledger", "-o", "again.jsonl", umask=umask)

    private = {"r.csv.ledger", "r.csv.ledger-wal", "r.csv.ledger-shm", "r.csv.ledger.lock", "run.log"}
    after = modes_of(program.folder)
    assert (ended.code, failed.code) == (0, 4)
    assert seen.keys() >= private
    metrics = {name: mode for name, mode in (seen | after).items() if "r.prom" in name}
    others = {name: mode for name, mode in [*seen.items(), *after.items()] if name not in metrics}
    assert metrics["r.prom"] == 0o644
    assert set(others.values()) == {0o600}, others
    assert after.keys() >= {"r.csv", "b.csv", "f.csv", "r.csv.html", "again.jsonl", "run.log", "r.csv.ledger"}


def modes_of(folder: Path) -> dict[str, int]:
    """Return the modes of all files that the program made."""
    found = {}
    for path in folder.iterdir():
        if path.name not in {"customers.csv", "broken.csv", "home"}:
            try:
                found[path.name] = stat.S_IMODE(path.stat().st_mode)
            except FileNotFoundError:
                continue
    return found
