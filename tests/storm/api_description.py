"""``python -m tests.storm.api_description``: requests made from ``docs/openapi.yaml`` to the simulator.

Schemathesis makes them, valid ones and others, and checks every answer against the description. It runs apart from
the project, at a fixed version, for a bounded time.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"
TOOL = [sys.executable, "-m", "uv", "tool", "run", "--quiet", "--from", "schemathesis==4.32.5", "schemathesis"]
ACCOUNT = "AC" + "1" * 32
CREDENTIALS = f"{ACCOUNT}:secret"
CONVERSATIONS = 200
INSTALL_S = 240
GRACE_S = 120
"""How much longer than its own limit the tool may take, in seconds."""


def main() -> int:
    """Run the tool once; return 0 if it found nothing, and also where it cannot be installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm.api_description", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()) % 100_000, help="what everything is drawn from"
    )
    parser.add_argument("--seconds", type=int, default=60, help="how long requests are made (60)")
    options = parser.parse_args()
    return asyncio.run(run(options.seed, options.seconds))


async def run(seed: int, seconds: int) -> int:
    """Start a simulator without limits, and run the tool against it for about ``seconds``."""
    if await finished([*TOOL, "--version"], INSTALL_S):
        sys.stdout.write("schemathesis could not be installed: skipped\n")
        return 0
    with TemporaryDirectory() as folder:
        description = Path(folder) / "openapi.json"
        async with open_simulator(SimulatorSettings(rate_limit=0, action_limit=0)) as simulator:
            description.write_text(json.dumps(described(made(simulator))), encoding="utf-8")
            code = await finished([*TOOL, *arguments(simulator, description, seed, seconds)], seconds + GRACE_S)
            answers = simulator.state.summary()["answers"]
    sys.stdout.write(f"seed {seed}: {answers}\n")
    return code


def described(sids: list[str]) -> object:
    """Return the description with the SIDs of conversations that exist.

    No request closes one, because a closed conversation refuses requests that the description allows.
    """
    document = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    components = document["components"]
    components["parameters"]["ConversationSid"]["schema"]["enum"] = sids
    components["schemas"]["ConversationForm"]["properties"]["State"]["enum"].remove("closed")
    return document


def made(simulator: RunningSimulator) -> list[str]:
    """Create conversations, some of which the requests will delete, and return their SIDs."""
    form = f"AddressSid=IG{'a' * 32}&PreEngagementData=%7B%7D".encode()
    conversations, now = simulator.state.conversations, time.time()
    return [
        conversations.add(form, f"guest-{number}", account=ACCOUNT, now=now, lag_s=0).sid
        for number in range(CONVERSATIONS)
    ]


def arguments(simulator: RunningSimulator, description: Path, seed: int, seconds: int) -> list[str]:
    """Return the tool's arguments: its checks on everything that the simulator serves.

    Parameters that Twilio does not know are ignored, as Twilio does, so not every request that violates the
    description is refused.
    """
    options = {
        "--url": simulator.base_url,
        "--auth": CREDENTIALS,
        "--seed": str(seed),
        "--max-time": str(seconds),
        "--max-examples": "50",
        "--exclude-checks": "negative_data_rejection",
        "--generation-database": "none",
        "--warnings": "off",
    }
    flags = [part for option in options.items() for part in option]
    return ["--config-file", "/dev/null", "run", str(description), *flags, "--no-color"]


async def finished(command: list[str], patience_s: int) -> int:
    """Run a command with our output and return its exit code; 1 if it takes longer than ``patience_s``."""
    process = await asyncio.create_subprocess_exec(*command)
    try:
        return await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1


if __name__ == "__main__":
    sys.exit(main())
