"""``--on-end``: somebody is told, however a command ends."""

import asyncio
import json
import shutil
import signal
import sys

import pytest
from aiohttp import web

from tests.acceptance.program import CREDENTIALS, ROOT, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.transcripts import blocks_of

RECORD = 'cat > "ended-$PROVISIONER_EXIT_CODE"'
SIMULATED = ("--simulate", "--key", "crm_id")


async def test_a_command_is_run_however_the_run_ends(program: Program, simulator: SimulatorMaker) -> None:
    """It gets the summary of ``--json`` after success, after an error before the run, and after a signal."""
    program.write_customers("few.csv", 2)
    program.write_customers("many.csv", 200)
    running = await simulator()

    done = await program("run", "few.csv", "-o", "few-r.csv", *SIMULATED, "--json", "--on-end", RECORD)
    failed = await program("run", "none.csv", "-o", "none-r.csv", "--json", "--on-end", RECORD)
    stopping = await program.start(
        *("run", "many.csv", "-o", "many-r.csv", "--key", "crm_id", "--base-url", running.url),
        *("--json", "--log-format", "json", "--on-end", RECORD),
        env=CREDENTIALS,
    )
    await stopping.says('{"timestamp"')
    stopping.signal(signal.SIGTERM)
    stopped = await stopping.end()

    for ended, code in ((done, 0), (failed, 2), (stopped, 143)):
        assert ended.code == code, ended.stderr
        assert json.loads((program.folder / f"ended-{code}").read_text()) == ended.summary


async def test_its_failure_does_not_change_the_end(program: Program) -> None:
    """A webhook that is away makes a warning of a night's success, and not a failure."""
    program.write_customers("few.csv", 2)

    ended = await program("run", "few.csv", "-o", "r.csv", *SIMULATED, "--on-end", "echo no network; exit 6")

    assert ended.code == 0
    assert "warning: the command of --on-end ended with exit code 6\n  no network\n" in ended.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
async def test_the_example_tells_a_chat(program: Program) -> None:
    """The example of the documentation, typed into a shell, sends one message to the chat's webhook."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    (example,) = (block.text for block in blocks_of(page, "sh") if "--on-end" in block.text)
    program.write_customers("customers.csv", 2)
    shim = program.write("provisioner", f'#!/bin/sh\nexec {sys.executable} -m provisioner "$@"\n')
    shim.chmod(0o755)
    heard: list[object] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/0123456789", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-ec", example.replace("https://chat.example", f"http://{host}:{port}")),
            cwd=program.folder,
            env={
                **program.env,
                "PATH": f"{program.folder}:{program.env['PATH']}",
                "PROVISIONER_RUN_SIMULATE": "1",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await shell.communicate()
    finally:
        await runner.cleanup()

    assert shell.returncode == 0, said
    assert heard == [{"text": "provisioner run finished, exit code 0"}], said


async def test_the_address_of_a_webhook_stays_out_of_the_ledger(program: Program) -> None:
    """It lets anybody write to the chat; what the run keeps of its command line does not have it."""
    program.write_customers("few.csv", 2)
    told = "true https://someone:pass@chat.example/hooks/a-webhook-secret"

    ended = await program("run", "few.csv", "-o", "r.csv", *SIMULATED, "--limit", "1", "--on-end", told)
    status = await program("status", "r.csv")

    assert ended.code == 8
    for text in (ended.stdout, status.stdout):
        assert "--on-end 'true https://chat.example/***'" in text
    for file in program.folder.glob("r.csv*"):
        assert b"a-webhook-secret" not in file.read_bytes()
