"""Inputs in object stores, read by the program from emulators of the three providers.

They are no dependencies of the project. ``pip install s3fs 'moto[server]' gcsfs gcp-storage-emulator adlfs`` and
``npm install azurite``, with its program on the ``PATH``, install them. Where one is missing, its test is skipped.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

_AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Key of the account of azurite, which Microsoft publishes."""
_PUT = """
import sys, fsspec
system, place = fsspec.core.url_to_fs(sys.argv[1])
system.mkdir(place) if not system.exists(place) else None
for name in ("b.csv", "a.csv", "deep/c.csv"):
    system.pipe(f"{place}/{name}", f"crm_id,CustomerFriendlyName\\n{name},Ada\\n".encode())
"""


class Store(NamedTuple):
    """Object store: the modules and the program that its test needs, and how its emulator is started and found."""

    scheme: str
    modules: Sequence[str]
    program: str
    arguments: str
    environment: Mapping[str, str]


STORES = [
    Store(
        "s3",
        ("s3fs", "moto"),
        "moto_server",
        "-H 127.0.0.1 -p {port}",
        {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "invented",
            "AWS_SECRET_ACCESS_KEY": "invented",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
    ),
    Store(
        "gs",
        ("gcsfs", "gcp_storage_emulator"),
        "gcp-storage-emulator",
        "start --host 127.0.0.1 --port {port} --in-memory",
        {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:{port}"},
    ),
    Store(
        "az",
        ("adlfs",),
        "azurite-blob",
        "--blobHost 127.0.0.1 --blobPort {port} --inMemoryPersistence --skipApiVersionCheck --disableTelemetry",
        {
            "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
            f"AccountKey={_AZURE_KEY};BlobEndpoint=http://127.0.0.1:{{port}}/devstoreaccount1;"
        },
    ),
]


@contextmanager
def emulator(store: Store, folder: Path) -> Iterator[dict[str, str]]:
    """Run the emulator of a store, and yield the environment in which programs find it."""
    missing = [name for name in store.modules if find_spec(name) is None]
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which(store.program, path=beside)
    if missing or program is None:
        pytest.skip(f"needs {', '.join([*missing, *([store.program] if program is None else [])])}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, *store.arguments.format(port=port).split()]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(port, running)
        told = {name: text.format(port=port) for name, text in store.environment.items()}
        yield {**os.environ, **told, "NO_PROXY": "127.0.0.1"}
    finally:
        running.terminate()
        running.wait(20)


def _await_port(port: int, running: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert running.poll() is None, "the emulator has ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)  # another process has no events
    pytest.fail("the emulator does not listen")


@pytest.mark.parametrize("store", STORES, ids=[store.scheme for store in STORES])
def test_objects_of_each_provider_are_read(store: Store, tmp_path: Path) -> None:
    """By name and by pattern, in sorted order; what is not there is an error that names it and no secret."""
    with emulator(store, tmp_path) as environment:

        def check(name: str) -> tuple[int, dict[str, object], str]:
            arguments = ["check", f"{store.scheme}://customers/{name}", "--key", "crm_id", "--json"]
            ended = _python(environment, "-m", "provisioner", *arguments)
            return ended.returncode, json.loads(ended.stdout), ended.stdout + ended.stderr

        put = _python(environment, "-c", _PUT, f"{store.scheme}://customers")
        one, several, none = check("deep/c.csv"), check("*.csv"), check("d.csv")

    assert put.returncode == 0, put.stderr
    assert (one[1]["input"], several[1]["input"]) == (1, 2), one[2] + several[2]
    sources = several[1]["sources"]
    assert isinstance(sources, list)
    assert [each["source"] for each in sources] == [f"{store.scheme}://customers/{name}.csv" for name in "ab"]
    assert none[0] == 2
    assert f"{store.scheme}://customers/d.csv: does not exist" in none[2]
    assert "invented" not in none[2] + one[2]
    assert _AZURE_KEY not in none[2] + one[2]


def _python(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
