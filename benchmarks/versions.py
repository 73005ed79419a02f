"""Print the machine and the versions of all programs and packages that the benchmarks use.

python -m benchmarks.versions
"""

import importlib.metadata
import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import provisioner
from benchmarks.contenders import NODE, PACKAGES
from benchmarks.process import Missing, tool
from benchmarks.tables import table

OURS = ("aiohttp", "msgspec", "uvloop")
PEERS = ("aiohttp", "twilio", "locust", "aiolimiter", "gevent")


def main() -> int:
    """Print the table of versions and return 0."""
    lines = [("processor", f"{processor()}, {os.cpu_count()} cores"), ("system", system())]
    lines += [("Python", platform.python_version()), ("SQLite", sqlite3.sqlite_version)]
    lines += [("provisioner", provisioner.__version__), *((name, installed(name)) for name in OURS)]
    lines += [(f"{name}, the peers'", version) for name, version in peers().items()]
    lines += [(name, node_package(name)) for name in ("artillery", "newman")]
    lines += [(name, said(name, flag)) for name, flag in (("nginx", "-v"), ("wrk", "-v"), ("node", "--version"))]
    print(table(("what", "version"), lines))
    return 0


def processor() -> str:
    """Return the processor's name as the operating system reports it."""
    told = Path("/proc/cpuinfo")
    text = told.read_text(encoding="utf-8") if told.exists() else ""
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def system() -> str:
    """Return names and versions of the kernel and the C library."""
    return f"{platform.system()} {platform.release().partition('-')[0]}, {' '.join(platform.libc_ver())}"


def installed(name: str) -> str:
    """Return the version of a Python package in this environment, or "not installed"."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def peers() -> dict[str, str]:
    """Return the versions of the peers' Python packages by name; they have their own virtual environment."""
    if not (PACKAGES / "python").exists():
        return dict.fromkeys(PEERS, "not installed")
    ask = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    printed = subprocess.run([str(PACKAGES / "python"), "-c", ask], capture_output=True, check=True).stdout
    found = json.loads(printed)
    return {name: found.get(name, "not installed") for name in PEERS}


def node_package(name: str) -> str:
    """Return the version of a Node.js package, or "not installed"."""
    path = NODE.parent / name / "package.json"
    return str(json.loads(path.read_bytes())["version"]) if path.exists() else "not installed"


def said(name: str, flag: str) -> str:
    """Return the version that a program prints for ``flag``, "not installed", or "unknown"."""
    try:
        ended = subprocess.run([tool(name), flag], capture_output=True, text=True, check=False)
    except Missing:
        return "not installed"
    found = re.search(r"\d+(\.\d+)+", ended.stdout + ended.stderr)
    return found[0] if found else "unknown"


if __name__ == "__main__":
    sys.exit(main())
