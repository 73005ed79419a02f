"""Programs of Twilio's own against the simulator: its SDKs, and the server of its React web chat app."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.simulator.clients.packages import node_packages, python_packages

CLIENTS = Path(__file__).parent / "clients"
APP = CLIENTS / "twilio_webchat_react_app"
SHOP = "https://shop.example"
PATIENCE_S = 60


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    """Yield a simulator with Twilio's limits."""
    async with open_simulator(SimulatorSettings()) as running:
        yield running


def surroundings(**more: str) -> dict[str, str]:
    """Return an environment that names no proxy and no account."""
    return {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **more}


async def run_round(simulator: RunningSimulator, command: list[str], **environ: str) -> None:
    """Run a round of a client to its end; fail with what it said."""
    arguments = [*command, simulator.base_url, simulator.state.settings.service_sid]
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=surroundings(**environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    counts = simulator.state.summary()
    assert counts["conversations"] == {
        "made": 1, "total": 0, "active": 0, "closed": 0, "deleted": 1, "orphans": 0,
    }  # fmt: skip
    assert counts["messages"] == {"requests": 5, "posted": 4, "flows_started": 1}


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_twilios_python_sdk_goes_its_whole_round(simulator: RunningSimulator, way: str) -> None:
    """Both clients of twilio-python 9.13 create, write, list, fetch, change, close and delete."""
    packages = await asyncio.to_thread(python_packages, CLIENTS / "requirements.txt")

    await run_round(simulator, [sys.executable, str(CLIENTS / "python_round.py"), way], PYTHONPATH=str(packages))


async def test_twilios_node_sdk_goes_its_whole_round(simulator: RunningSimulator) -> None:
    """twilio-node 6.3 does the same."""
    node = node_program()
    wanted = json.loads((CLIENTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = await asyncio.to_thread(node_packages, "node", wanted)

    await run_round(simulator, [node, str(CLIENTS / "node_round.js")], NODE_PATH=str(packages))


async def test_the_server_of_twilios_web_chat_app_runs_unmodified(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    """It starts a chat, posts the customer's question and its own welcome, and renews the customer's token."""
    form = {"friendlyName": "Zoë 王", "query": "Where is my order?", "order": "007"}

    async with web_chat_server(simulator, tmp_path) as ask:
        begun = await ask("/initWebchat", {"formData": form})
        async with asyncio.timeout(PATIENCE_S):
            while simulator.state.messages < 2:  # noqa: ASYNC110 - the server posts after it has answered
                await asyncio.sleep(0.01)
        renewed = await ask("/refreshToken", {"token": begun["token"]})

    (conversation,) = simulator.state.conversations
    assert conversation.sid == begun["conversationSid"]
    assert conversation.fields["CustomerFriendlyName"] == "Zoë 王"
    assert json.loads(conversation.attributes) == {"pre_engagement_data": form}
    question, welcome = conversation.messages or []
    assert (question.author, question.body) == (conversation.identity, "Where is my order?")
    assert (question.triggers_webhooks, welcome.triggers_webhooks) == (True, False)
    assert (welcome.author, welcome.body[:12]) == ("Concierge", "Welcome Zoë ")
    assert renewed["expiration"] >= begun["expiration"]


def node_program() -> str:
    """Return the path of Node.js; skip the test without it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    return node


@asynccontextmanager
async def web_chat_server(simulator: RunningSimulator, folder: Path) -> AsyncIterator[Any]:
    """Run the app's server against the simulator and yield a function that posts JSON to it."""
    node = node_program()
    environ = {
        "SIMULATOR": simulator.base_url,
        "NODE_PATH": str(await asyncio.to_thread(node_packages, "webchat-app", packages_of_app())),
        "ACCOUNT_SID": "AC" + "1" * 32,
        "AUTH_TOKEN": "secret",
        "API_KEY": "SK" + "2" * 32,
        "API_SECRET": "another-secret",
        "ADDRESS_SID": "IG" + "a" * 32,
        "CONVERSATIONS_SERVICE_SID": simulator.state.settings.service_sid,
        "ALLOWED_ORIGINS": SHOP,
        "SENDGRID_API_KEY": "SG.none",
    }
    command = [node, "--require", str(CLIENTS / "redirect.js"), str(APP / "server" / "index.js")]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=surroundings(**environ),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        port = await asyncio.wait_for(port_of(process), PATIENCE_S)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Origin": SHOP}) as session:

            async def ask(path: str, document: dict[str, Any]) -> Any:
                async with session.post(path, json=document) as response:
                    assert response.status == 200, await response.text()
                    return await response.json()

            yield ask
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def packages_of_app() -> dict[str, str]:
    """Return the packages that the app's server imports, with the versions that the app asks for."""
    document = json.loads((APP / "package.json").read_text(encoding="utf-8"))
    versions: dict[str, str] = document["dependencies"] | document["devDependencies"]
    code = "".join(path.read_text(encoding="utf-8") for path in (APP / "server").rglob("*.js"))
    return {name: versions[name] for name in re.findall(r'require\("([^."][^"]*)"\)', code)}


async def port_of(process: asyncio.subprocess.Process) -> int:
    """Return the port that the server has said that it listens on."""
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        said.append(line.decode())
        if found := re.fullmatch(r"PORT (\d+)\n", said[-1]):
            return int(found[1])
    raise AssertionError("".join(said))
