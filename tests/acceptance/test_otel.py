"""The real program with ``--otel``, and a collector that takes what comes, or does not."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, PATIENCE_S, Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.otel_collector import Collector, open_collector, values_of
from tests.postgres_server import address_of_session
from tests.stub_twilio import StubMaker

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id")
LIBRARIES = {"opentelemetry", "google", "requests", "urllib3"}
PROBE = """
import contextlib, io, sys
from provisioner.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = main(sys.argv[1:])
print(code, *sorted(name for name in sys.modules if "." not in name))
"""


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """Yield a collector in this process."""
    async with open_collector() as opened:
        yield opened


@pytest.mark.parametrize("flags", [[], ["--otel"]])
def test_a_run_without_telemetry_loads_none_of_its_libraries(tmp_path: Path, flags: list[str]) -> None:
    """With it, they are there: the test looks for the right names."""
    (tmp_path / "customers.csv").write_text("id,CustomerFriendlyName\n1,Ada\n")
    run = ["run", "customers.csv", "-o", "results.csv", "--key", "id", "--simulate", "--rate", "5/s", *flags]
    environ = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "PYTHONPATH": str(Path.cwd())}

    done = subprocess.run(
        [sys.executable, "-c", PROBE, *run], capture_output=True, text=True, check=True, cwd=tmp_path, env=environ
    )

    code, *modules = done.stdout.split()
    assert code == "0"
    assert LIBRARIES & {*modules} == (LIBRARIES if flags else set())


async def test_a_stopped_run_has_exported_what_it_did(
    program: Program, simulator: SimulatorMaker, collector: Collector
) -> None:
    """Ctrl-C drains as without telemetry, and every row that was created has a span."""
    server = await simulator("--rate-limit", "0", "--latency", "100ms")
    program.write_customers("customers.csv", 60)

    running = await program.start(
        *RUN, "--base-url", server.url, "--rate", "20/s", "--otel", env={**CREDENTIALS, **collector.environ}
    )
    await server.has_seen(10)
    running.signal(signal.SIGINT)
    ended = await running.end()

    assert ended.code == 130, ended.stderr
    assert len(collector.rows()) == ended.counts["created"] == len(await server.conversations())
    (resource,) = collector.resources
    run_ids = {json.loads(line)["run_id"] for line in ended.stderr.splitlines() if line.startswith("{")}
    assert {resource["provisioner.run_id"]} == run_ids


async def test_a_dead_collector_is_an_event_for_each_signal_and_a_note(
    program: Program, twilio: StubMaker
) -> None:
    """Nothing else is on stderr: no line that is no event, no traceback, nothing of a library's own log."""
    server = await twilio()
    program.write_customers("customers.csv", 3)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{held.getsockname()[1]}"}
        ended = await program(
            *("--log-format", "json", *RUN, "--base-url", server.url, "--rate", "200/s", "--otel", "--json"),
            env={**CREDENTIALS, **environ, "OTEL_EXPORTER_OTLP_TIMEOUT": "2"},
        )

    events = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.code == 0, ended.stderr
    assert ended.summary["created"] == 3
    (note,) = ended.summary["notes"]
    assert note.startswith("OpenTelemetry: 6 of 6 spans did not reach")
    warned = [(each["event"], each["of"]) for each in events if each["level"] not in {"info", "debug"}]
    assert sorted(warned) == [("telemetry.failed", "metrics"), ("telemetry.failed", "spans")]


async def test_ctrl_c_ends_the_wait_for_a_silent_collector(
    program: Program, twilio: StubMaker, collector: Collector
) -> None:
    """The results are written by then, and the exit code is that of the run."""
    server = await twilio()
    program.write_customers("customers.csv", 3)
    collector.is_silent = True
    at_the_end = {"OTEL_BSP_SCHEDULE_DELAY": "3600000", "OTEL_METRIC_EXPORT_INTERVAL": "3600000"}

    running = await program.start(
        *(*RUN, "--base-url", server.url, "--rate", "200/s", "--otel"),
        env={**CREDENTIALS, **collector.environ, **at_the_end},
    )
    async with asyncio.timeout(PATIENCE_S):
        await collector.is_asked.wait()
    running.signal(signal.SIGINT)
    ended = await running.end()

    assert ended.code == 0, ended.stderr
    assert "OpenTelemetry: 6 of 6 spans did not reach" in ended.stdout + ended.stderr
    assert program.statuses() == 3 * ["created"]


async def test_every_worker_is_an_instance_of_its_own(
    program: Program, simulator: SimulatorMaker, collector: Collector
) -> None:
    """Workers that an engine starts export as the run does; each row has one span, of the worker that sent it."""
    program.write_customers("customers.csv", 40)
    server = await simulator("--rate-limit", "0")
    ledger = f"{address_of_session()}&job=otel"

    ended = await program(
        *(*RUN, "--ledger", ledger, "--engine", "local", "--workers", "2", "--base-url", server.url, "--otel"),
        *("--settle-delay", "0.1", "--rate", "6/s", "--lease", "3s", "--yes"),
        env={**CREDENTIALS, **collector.environ},
    )

    assert (ended.code, ended.counts) == (0, {"created": 40}), ended.stderr
    assert sorted(collector.rows()) == list(range(1, 41))
    assert {each["provisioner.command"] for each in collector.resources} == {"worker"}
    assert len({each["service.instance.id"] for each in collector.resources}) == 2
    accounts = {values_of(span.attributes)["provisioner.account_sid"] for span in collector.rows().values()}
    assert accounts == {CREDENTIALS["TWILIO_ACCOUNT_SID"]}
