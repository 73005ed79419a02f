"""Names that would act on a terminal, through every command: nothing of them arrives there as it is."""

import asyncio
import json
import os
import pty
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.raw_server import reply
from tests.sids import conversation_sid
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio

pytestmark = pytest.mark.acceptance

HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b8m\u202e\u2066\u200b\u2028[bold]\r"
LONG = 300 * "n"
OURS = re.compile(r"\x1b\[[0-9;]*[mKA]|\x1b\[\?25[lh]|\r\n|\r")
"""What the live display writes: colours, moves of the cursor, line ends."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


async def on_pipes(program: Program, arguments: Sequence[str]) -> str:
    """Run the program as a script does, and return all it said."""
    ended = await program(*arguments, env=CREDENTIALS)
    return ended.stdout + ended.stderr


async def on_a_terminal(program: Program, arguments: Sequence[str]) -> str:
    """Run the program as a person does, and return what came to the terminal but the display's own sequences."""
    ours, theirs = pty.openpty()
    running = await program.start(
        *arguments, env={**CREDENTIALS, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"n\n")  # whatever is asked
    said = b""
    with suppress(OSError):  # the other side is closed
        while piece := await asyncio.to_thread(os.read, ours, 65_536):
            said += piece
    os.close(ours)
    await running.end()
    return OURS.sub("", said.decode())


def answering_oddly(twilio: StubTwilio, call: Call) -> Answer:
    """Create a conversation, or refuse it, in words that hold everything."""
    if call.number == 2:
        return reply(400, json.dumps({"code": HOSTILE, "message": HOSTILE, "status": 400}).encode())
    document = {"conversation_sid": conversation_sid(call.number), "identity": f"guest{HOSTILE}"}
    return reply(201, json.dumps(document).encode(), "Twilio-Request-Id: RQ\x1b[2J")


def prepare(program: Program) -> str:
    """Write an export, a configuration, a mapping and a profile full of such names; return the export's name."""
    name = f"in{HOSTILE}\n.csv"
    program.write(name, f'id,CustomerFriendlyName,"col{HOSTILE}{LONG}"\n"k{HOSTILE}",A,1\nk2,B,2\n,C,3\n')
    program.write("config.toml", f"[run]\n{json.dumps('key' + HOSTILE + LONG)} = 1\n")
    program.write("defaults.toml", f"[load]\nrate = {json.dumps(HOSTILE)}\n")
    program.write("map.toml", f"{json.dumps('field' + HOSTILE)} = 'x'\n")
    program.write(f"results{HOSTILE}.csv", f"row,line\n{HOSTILE}\n")
    profiles = {"profiles": {f"p{HOSTILE}": {"accountSid": HOSTILE, "apiKey": "SK", "apiSecret": "s"}}}
    folder = program.folder / "home" / ".twilio-cli"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(profiles))
    return name


def commands(name: str, url: str) -> list[list[str]]:
    """Return every command, with those names wherever it takes one; the first of them make what others need."""
    ledger = f"out{HOSTILE}.csv.ledger"
    odd = f"odd{HOSTILE}"
    run = ["run", name, "-o", f"out{HOSTILE}.csv", "--key", "id", "--base-url", url, "--rate", "0", "--yes"]
    log = ["--log-level", "debug", "--log-file", f"log{HOSTILE}.jsonl"]
    return [
        [*log, "--log-format", "console", *run],
        [*log, "--log-format", "json", *run, "--retry", "rejected"],
        [*run, "--set", f"chat_friendly_name=x{HOSTILE}"],
        [*run, "--set", f"{odd}=x"],
        ["check", name, "--key", "id"],
        ["check", name, "--key", odd],
        ["check", name, "--map", "map.toml"],
        ["check", odd],
        ["status", ledger],
        ["status", odd],
        ["report", ledger, "-o", "page.html"],
        ["export", ledger, "-o", "again.csv", "--failed", f"failed{HOSTILE}.csv"],
        ["close", ledger, "--base-url", url],
        ["close", f"results{HOSTILE}.csv", "--base-url", url],
        ["reconcile", ledger, "--base-url", url],
        ["reconcile", ledger, "--base-url", url, "--audit", "--settle-delay", "0"],
        ["load", name, "-o", "load.csv", "--base-url", url, "--fail-if", odd],
        ["mapping", "suggest", name],
        ["mapping", "show", odd],
        ["--config", "config.toml", "status", ledger],
        ["--config", "defaults.toml", "load", "--help"],
        ["run", name, "-o", "p.csv", "--profile", odd],
        ["run", name, "-o", "p.csv", "--profile", f"p{HOSTILE}"],
        ["simulate", "--host", odd, "--port", "0"],
        [odd],
        ["run", f"--{odd}"],
    ]


@pytest.mark.parametrize("started", [on_pipes, on_a_terminal])
async def test_no_name_acts_on_a_terminal_or_a_log(
    program: Program, twilio: StubMaker, started: Callable[[Program, Sequence[str]], Awaitable[str]]
) -> None:
    """What moves cursors, sets titles, hides or turns text round is shown as an escape, and long names are cut."""
    server = await twilio(answering_oddly)
    name = prepare(program)

    asked = commands(name, server.url)
    for arguments in asked if started is on_pipes else asked[::2]:  # on a terminal each kind of command once
        said = await started(program, arguments)

        assert UNSEEN.findall(said) == [], (arguments, said)
        assert LONG not in said, arguments
        assert said, arguments
        assert "Traceback" not in said
        assert "internal error" not in said
    assert len(server.calls) >= 2
    for written in (f"log{HOSTILE}.jsonl", "page.html"):
        assert UNSEEN.findall((program.folder / written).read_text(encoding="utf-8")) == []
