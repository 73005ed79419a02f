"""Command line with which the benchmarks run this program: as a process, fully durable, without a rate limit."""

import importlib.util
import sys
from pathlib import Path

from benchmarks.customers import ACCOUNT_SID, ADDRESS_SID, AUTH_TOKEN
from benchmarks.process import ROOT, Missing

PROGRAM = (sys.executable, "-m", "provisioner")
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "PROVISIONER_ADDRESS_SID": ADDRESS_SID,
}


def run_command(customers: Path, output: Path, base_url: str, loop: str = "") -> list[str]:
    """Return the command that creates a WebChat for every row of ``customers``.

    Raises:
        Missing: The event loop ``loop`` is not installed.
    """
    flags = ["--key", "crm_id", "--rate", "0", "--concurrency", "64", "--base-url", base_url]
    return [*PROGRAM, "run", str(customers), "-o", str(output), *flags, *loop_flags(loop)]


def loop_flags(loop: str) -> list[str]:
    """Return the flags that select an event loop; none for an empty name, so that the program chooses."""
    if loop == "uvloop" and not importlib.util.find_spec("uvloop"):
        raise Missing("uvloop is not installed")
    return ["--loop", loop] if loop else []
