"""Clients that are compared: the name of each, its number of rows and runs, and its command."""

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.customers import typical_body, write_customers, write_forms
from benchmarks.process import ROOT, Missing, tool
from benchmarks.provisioning import ENVIRONMENT, run_command
from benchmarks.server import Server

CLIENTS = ROOT / "benchmarks" / "clients"
PACKAGES = ROOT / ".venv-bench" / "bin"
NODE = ROOT / ".node-bench" / "node_modules" / ".bin"
USERS = 64
ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a contender: ``rows`` rows are sent to ``server``; ``folder`` is for its files."""

    folder: Path
    server: Server
    rows: int


@dataclass(frozen=True, slots=True)
class Call:
    """A command and the environment variables it needs."""

    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contender:
    """One client that is compared.

    ``keeps`` says whether it saves results. It sends ``rows`` rows in each of ``runs`` runs. ``least`` is the
    minimum number of rows that it accepts; a run with so few rows measures its start-up. ``call`` raises
    ``Missing`` when something it needs is not installed.
    """

    name: str
    keeps: str
    call: Callable[[Job], Call]
    rows: int = ROWS
    runs: int = 5
    least: int = 1


def ourselves(loop: str, *, tls: bool = False) -> Callable[[Job], Call]:
    """Return the call of this program with its ledger and results file; over TLS as in real use, or plain http."""

    def call(job: Job) -> Call:
        for old in job.folder.glob("results.csv*"):
            old.unlink()
        customers, server = write_customers(job.folder, job.rows), job.server
        url = server.tls_url if tls else server.base_url
        trust = {"SSL_CERT_FILE": str(server.certificate)} if tls else {}
        return Call(run_command(customers, job.folder / "results.csv", url, loop), ENVIRONMENT | trust)

    return call


def bare(loop: str) -> Callable[[Job], Call]:
    """Return the call of a minimal aiohttp loop that posts the same body again and again."""

    def call(job: Job) -> Call:
        body = job.folder / "body"
        body.write_bytes(typical_body(job.folder))
        url = f"{job.server.base_url}/v2/WebChats"
        return Call([sys.executable, str(CLIENTS / "bare.py"), url, str(body), str(job.rows), loop])

    return call


def naive(job: Job) -> Call:
    """Return the call of a script as a user would write it with aiohttp."""
    (job.folder / "naive.csv").unlink(missing_ok=True)
    url, customers = f"{job.server.base_url}/v2/WebChats", write_customers(job.folder, job.rows)
    return Call([sys.executable, str(CLIENTS / "naive.py"), url, str(customers), str(job.folder / "naive.csv")])


def package(name: str) -> str:
    """Return the path of a program of the peers' Python packages; raise ``Missing`` if it is not installed."""
    if not (PACKAGES / name).exists():
        raise Missing("benchmarks/requirements.txt is not installed: make bench does that")
    return str(PACKAGES / name)


def node_package(name: str) -> str:
    """Return the path of a program of the peers' Node.js packages; raise ``Missing`` if it is not installed."""
    tool("node")
    if not (NODE / name).exists():
        raise Missing(f"{name} is not installed: make bench does that where there is npm")
    return str(NODE / name)


def sdk(kind: str) -> Callable[[Job], Call]:
    """Return the call of Twilio's Python SDK; ``kind`` is ``async`` or ``threads``."""

    def call(job: Job) -> Call:
        command = [package("python"), str(CLIENTS / "sdk.py"), kind, job.server.base_url]
        return Call([*command, str(write_customers(job.folder, job.rows))], {"PYTHONPATH": str(ROOT)})

    return call


def locust(job: Job) -> Call:
    """Return the call of Locust's ``FastHttpUser``, in one process and without its web interface."""
    customers = write_customers(job.folder, job.rows)
    flags = f"--headless --users {USERS} --spawn-rate 1000 --only-summary --loglevel ERROR".split()
    command = [package("locust"), "--locustfile", str(CLIENTS / "locustfile.py"), "--host", job.server.base_url]
    return Call([*command, *flags], {"PYTHONPATH": str(ROOT), "CUSTOMERS": str(customers)})


def artillery(job: Job) -> Call:
    """Return the call of Artillery, whose script must be in the same folder as its CSV file."""
    for name in ("artillery.yml", "rows.js"):
        shutil.copy(CLIENTS / name, job.folder)
    told = {"BASE_URL": job.server.base_url, "FORMS": write_forms(job.folder, job.rows).name}
    quiet = {"ARTILLERY_DISABLE_TELEMETRY": "true", "ROUNDS": str(job.rows // USERS)}
    return Call([node_package("artillery"), "run", str(job.folder / "artillery.yml")], told | quiet)


def newman(job: Job) -> Call:
    """Return the call of newman, which sends one row after the other."""
    forms = write_forms(job.folder, job.rows)
    command = [node_package("newman"), "run", str(CLIENTS / "newman.json"), "--silent"]
    return Call([*command, "-d", str(forms), "--env-var", f"base_url={job.server.base_url}"])


def wrk(job: Job) -> Call:
    """Return the call of wrk, which runs for a fixed time instead of a number of rows."""
    body = job.folder / "body"
    body.write_bytes(typical_body(job.folder))
    flags = f"--threads 1 --connections {USERS} --duration 2s --script".split()
    command = [tool("wrk"), *flags, str(CLIENTS / "post.lua"), f"{job.server.base_url}/v2/WebChats"]
    return Call(command, {"BODY": str(body)})
