"""What a run imports before its first request leaves."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

MOST = 800
"""Modules that are imported until the first request, those of Python and of the libraries included."""
LATER = {
    "rich.console": "the live display",
    "pygments": "tracebacks that rich colours",
    "tomllib": "files in TOML",
    "chardet": "encodings that are guessed",
    "encodings.gb18030": "texts in Chinese encodings",
    "greenlet._greenlet": "values of a thread, which structlog could keep",
    "openpyxl": "workbooks",
    "pyarrow": "Parquet files",
    "asyncpg": "ledgers in PostgreSQL",
    "provisioner.closing": "conversations that are closed",
    "provisioner.embedded.server": "the server of a job's own",
    "provisioner.ledger.postgres.ledger": "ledgers in PostgreSQL",
    "provisioner.report": "reports, and the live page",
    "provisioner.simulator": "rehearsals",
    "provisioner.sources.excel": "workbooks",
    "provisioner.sources.json.source": "JSON Lines",
    "provisioner.sources.parquet": "Parquet files",
    "provisioner.sources.text.letter_frequencies": "encodings that are guessed",
}
"""Modules that only other runs need, and what for."""
IMPORTED = re.compile(r"import time:[^|]+\|[^|]+\| *(\S+)")
ENVIRONMENT = {
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "1" * 32,
    "PROVISIONER_ADDRESS_SID": "IG" + 32 * "1",
}


def imported_by_first_request(folder: Path) -> list[str]:
    """Return the modules that a run of three rows has imported when the first byte of a request arrives."""
    customers, trace = folder / "customers.csv", folder / "imports.txt"
    customers.write_text("id,customer_friendly_name\n1,Ada\n2,Bob\n3,Cem\n")
    with socket.create_server(("127.0.0.1", 0)) as listening, trace.open("wb") as stderr:
        listening.settimeout(60)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # Measuring coverage would load its own modules into the child.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        flags = ["-o", str(folder / "results.csv"), "--key", "id", "--rate", "0", "--base-url", url]
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "provisioner", "run", str(customers), *flags],
            env=environ | ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
        try:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(60)
                assert connection.recv(1) == b"P"
        finally:
            process.kill()
            process.wait()
    return IMPORTED.findall(trace.read_text())


@pytest.mark.acceptance
def test_the_first_request_waits_for_no_module_that_it_does_not_need(tmp_path: Path) -> None:
    """The start of a run imports nothing that only other runs need, and only so many modules in all."""
    modules = set(imported_by_first_request(tmp_path))

    unneeded = {
        module: needed_for
        for module in modules
        for name, needed_for in LATER.items()
        if module == name or module.startswith(f"{name}.")
    }
    assert unneeded == {}
    assert len(modules) <= MOST
