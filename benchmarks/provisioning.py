"""How the measurements run this program: a process of its own, all promises on, the pace limit off."""

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
    """Return the command that creates every row of a file.

    Raises:
        Missing: The event loop that is named is not available.
    """
    flags = ["--key", "crm_id", "--rate", "0", "--concurrency", "64", "--base-url", base_url]
    return [*PROGRAM, "run", str(customers), "-o", str(output), *flags, *loop_flags(loop)]


def loop_flags(loop: str) -> list[str]:
    """Return the flags for an event loop; none of a name leaves the choice to the program."""
    if loop == "uvloop" and not importlib.util.find_spec("uvloop"):
        raise Missing("uvloop is not installed")
    return ["--loop", loop] if loop else []
