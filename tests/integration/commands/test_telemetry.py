"""Runs that export telemetry to a collector: a server of this process, which decodes what comes."""

import asyncio
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from provisioner.commands.load import run_load_test
from provisioner.errors import ExitCode, UsageError
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import LoadOptions
from provisioner.runs import clients
from provisioner.signals import StopSignals
from provisioner.simulator import SimulatorSettings, open_simulator
from provisioner.telemetry import export
from tests.integration.commands.accounts_job import NORTH, SOUTH, AccountsJob
from tests.integration.commands.job import ACCOUNT, ADDRESS, ENVIRON, Job
from tests.otel_collector import Collector, open_collector, values_of
from tests.quiet_ui import QuietUserInterface
from tests.stub_twilio import Call, StubTwilio, failing, keeping_silent, obliging, per_row, stub_twilio
from tests.unit.telemetry.bench import ACCOUNT as OBSERVED
from tests.unit.telemetry.bench import Bench

HURRIED_S = 0.3


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "LOOK_UPS_PER_SECOND", 10_000.0)


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Yield a collector to which the environment leads."""
    async with open_collector() as opened:
        for name, value in opened.environ.items():
            monkeypatch.setenv(name, value)
        yield opened


def _throttled_once(twilio: StubTwilio, call: Call) -> bytes:
    """Refuse the first call of a customer by a 429, and create the others."""
    is_first = sum(each.name == call.name for each in twilio.calls) == 1
    return failing(429, 20429, "Retry-After: 0")(twilio, call) if is_first else obliging(twilio, call)  # type: ignore[return-value]  # bytes


TROUBLE = per_row(
    {
        "Customer 1": _throttled_once,
        "Customer 2": failing(400, 45715),
        "Customer 3": lambda _twilio, _call: keeping_silent,
    }
)


async def _run_in_trouble(job: Job) -> tuple[Summary, StubTwilio]:
    job.write(5)
    async with stub_twilio(TROUBLE) as twilio:
        summary = await job.run(
            twilio.url, otel=True, concurrency=2, canary=0, timeout=0.3, on_unknown="hold", settle_delay=0.01
        )
        return summary, twilio


async def test_every_row_of_a_run_has_a_span_with_its_requests(job: Job, collector: Collector) -> None:
    """Created, throttled, rejected and lost: the spans of a run say what the ledger says."""
    summary, twilio = await _run_in_trouble(job)

    rows = {number: values_of(span.attributes) for number, span in collector.rows().items()}
    assert {number: each["provisioner.create.status"] for number, each in rows.items()} == {
        1: "created",
        2: "rejected",
        3: "unknown",
        4: "created",
        5: "created",
    }
    assert {number: each["error.type"] for number, each in rows.items() if "error.type" in each} == {
        2: "45715",
        3: "timeout",
    }
    below = {number: collector.below(span) for number, span in collector.rows().items()}
    assert {number: len(spans) for number, spans in below.items()} == {1: 2, 2: 1, 3: 1, 4: 1, 5: 1}
    again = values_of(below[1][1].attributes)
    assert (again["http.request.resend_count"], again["http.response.status_code"]) == (1, 201)
    assert again["url.full"] == f"{twilio.url}/v2/WebChats"
    assert summary.exit_code is ExitCode.UNKNOWN
    assert not [note for note in summary.notes if "OpenTelemetry" in note]
    assert {each["provisioner.account_sid"] for each in rows.values()} == {ACCOUNT}
    assert {each["provisioner.simulated"] for each in rows.values()} == {True}


async def test_the_metrics_of_a_run_add_up(job: Job, collector: Collector) -> None:
    """The last export, at the end of the run, has every request, 429 and outcome."""
    summary, twilio = await _run_in_trouble(job)

    metrics = collector.last_metrics()
    durations = metrics["http.client.request.duration"].histogram.data_points
    outcomes = metrics["provisioner.step.outcomes"].sum.data_points
    throttled = metrics["provisioner.request.throttled"].sum.data_points
    assert sum(each.count for each in durations) == len(twilio.calls)
    assert Counter(
        {values_of(each.attributes)["provisioner.status"]: each.as_int for each in outcomes}
    ) == Counter(created=3, rejected=1, unknown=1)
    assert [each.as_int for each in throttled] == [summary.throttled] == [1]
    assert metrics["provisioner.request.in_flight"].gauge.data_points[0].as_int == 0


async def test_nothing_that_is_exported_names_a_customer(job: Job, collector: Collector) -> None:
    """Neither names, data, texts, identities and keys nor the SIDs of conversations reach the collector."""
    job.write(2)
    async with open_simulator(SimulatorSettings(rate_limit=0)) as simulator:
        await job.run(
            simulator.base_url,
            otel=True,
            set=("first_message=I am {CustomerFriendlyName}", "unique_name=unique-{id}"),
            marker="marked",
        )
        made = list(simulator.state.conversations)

    hidden = {value for each in made for name, value in each.fields.items() if name != "AddressSid"}
    hidden |= {each.sid for each in made} | {message.sid for each in made for message in each.messages or []}
    exported = b"".join(collector.bodies)
    statuses = [values_of(span.attributes) for span in collector.rows().values()]
    assert [each["provisioner.message.status"] for each in statuses] == 2 * ["posted"]
    assert [each["provisioner.settings.status"] for each in statuses] == 2 * ["set"]
    assert len(hidden) > 8
    assert not [text for text in (*hidden, "Customer", "unique-", "I am") if text.encode() in exported]


async def test_each_account_is_told_apart(tmp_path: Path, collector: Collector) -> None:
    """Spans and metrics of a job for many accounts name the account by its SID, as the log does."""
    async with stub_twilio() as twilio:
        await AccountsJob(tmp_path, twilio.url).run(otel=True)

    spans = [values_of(span.attributes)["provisioner.account_sid"] for span in collector.rows().values()]
    points = collector.last_metrics()["provisioner.step.outcomes"].sum.data_points
    counted = {values_of(each.attributes)["provisioner.account_sid"]: each.as_int for each in points}
    assert Counter(spans) == counted == {NORTH: 2, SOUTH: 3}


async def test_a_load_test_exports_as_a_run_does(job: Job, collector: Collector) -> None:
    """The resource names the command, the version and this process; the environment goes before."""
    options = LoadOptions(
        output=job.results,
        simulate=True,
        address_sid=ADDRESS,
        key=("id",),
        rate="50/s",
        duration="0.1s",
        cycle=True,
        otel=True,
        concurrency=16,
    )
    environment = ProcessEnvironment(ENVIRON, job.folder, "provisioner load as before")

    summary = await run_load_test(
        [str(job.folder / "customers.csv")], options, environment, QuietUserInterface(), StopSignals()
    )

    assert summary.exit_code is ExitCode.DONE
    assert len(collector.rows()) == 5
    (resource,) = collector.resources
    assert resource["service.name"] == "provisioner"
    assert resource["provisioner.command"] == "load"
    assert len(resource["service.instance.id"]) == 36


async def test_the_sdk_reads_its_variables(
    job: Job, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name, attributes, headers and sampler come from the environment; what is sampled out is not missed."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "night-run")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging,service.instance.id=me")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20invented")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "3600000")

    async with stub_twilio() as twilio:
        summary = await job.run(twilio.url, otel=True)

    (came,) = collector.metrics
    resource = values_of(came.resource_metrics[0].resource.attributes)
    assert (resource["service.name"], resource["service.instance.id"]) == ("night-run", "me")
    assert resource["deployment.environment.name"] == "staging"
    assert collector.headers[0]["authorization"] == "Bearer invented"
    assert not collector.traces
    assert not summary.notes


async def test_a_password_of_netrc_does_not_replace_the_headers(
    job: Job, collector: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The library beneath the SDK would send what ``~/.netrc`` has for the host of the collector."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password invented\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20invented")

    async with stub_twilio() as twilio:
        await job.run(twilio.url, otel=True)

    assert {each["authorization"] for each in collector.headers} == {"Bearer invented"}


async def test_signals_that_are_turned_off_are_not_exported(
    job: Job, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``none`` turns one off, and OTEL_SDK_DISABLED both."""
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    async with stub_twilio() as twilio:
        await job.run(twilio.url, otel=True)
        seen = len(collector.rows()), len(collector.metrics)
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        summary = await job.run(twilio.url, otel=True, new_job=True, output=job.folder / "again.csv")

    assert seen == (3, 0)
    assert (len(collector.rows()), len(collector.metrics)) == (3, 0)
    assert not [note for note in summary.notes if "OpenTelemetry" in note]


@contextmanager
def _refused() -> Iterator[str]:
    """Yield an address at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize(("status", "told"), [(400, "HTTP 400"), (0, "ConnectionError")])
async def test_a_collector_that_takes_nothing_costs_a_note_and_nothing_else(
    job: Job, collector: Collector, monkeypatch: pytest.MonkeyPatch, status: int, told: str
) -> None:
    """The run ends as it would, and says how much was lost; the log has one warning for each signal."""
    monkeypatch.setattr(export, "FLUSH_S", 20.0)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    collector.status = status

    with _refused() as nowhere, capture_logs() as logged:
        if not status:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere)
        async with stub_twilio() as twilio:
            summary = await job.run(twilio.url, otel=True)

    url = collector.url if status else nowhere
    assert summary.exit_code is ExitCode.DONE
    assert summary.notes == (
        f"OpenTelemetry: 6 of 6 spans did not reach {url}: {told}; the last metrics did not reach {url}: {told}",
    )
    failures = [each for each in logged if each["event"] == "telemetry.failed"]
    assert sorted((each["of"], each["error"]) for each in failures) == [("metrics", told), ("spans", told)]
    assert not [each for each in logged if each["event"] == "library.warned"]


async def test_why_exports_fail_is_told_while_they_are_still_tried_again(
    job: Job, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK tries for ten seconds, which is longer than a command waits."""
    monkeypatch.setattr(export, "FLUSH_S", HURRIED_S)
    with _refused() as nowhere:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere)
        async with stub_twilio() as twilio:
            summary = await job.run(twilio.url, otel=True)

    (note,) = summary.notes
    assert note.startswith(f"OpenTelemetry: 6 of 6 spans did not reach {nowhere}: ConnectionError; ")


async def test_a_collector_that_is_silent_delays_the_end_by_a_bounded_time(
    job: Job, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not taken by then is lost."""
    monkeypatch.setattr(export, "FLUSH_S", HURRIED_S)
    collector.is_silent = True
    async with stub_twilio() as twilio:
        began = time.monotonic()
        summary = await job.run(twilio.url, otel=True)
        took_s = time.monotonic() - began

    url, why = collector.url, "it did not take them in time"
    assert took_s < 10  # the SDK alone waits for 10 s for one answer, and up to 30 s for the rest
    assert summary.exit_code is ExitCode.DONE
    assert summary.notes == (
        f"OpenTelemetry: 6 of 6 spans did not reach {url}: {why}; the last metrics did not reach {url}: {why}",
    )


async def _export_of_a_run() -> export.TelemetryExport:
    """Return an export that has something to tell."""
    opened = export.open_export("run", version="1")
    with opened.observing(Bench().monitor, OBSERVED) as rows:
        rows.sample()
    return opened


async def test_a_stop_ends_the_last_wait(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results are written by then; the exit code is that of the run."""
    monkeypatch.setattr(export, "FLUSH_S", 600.0)
    collector.is_silent = True
    opened, stop = await _export_of_a_run(), StopSignals()

    closing = asyncio.create_task(opened.close(stop))
    await asyncio.sleep(0)
    assert not closing.done()
    stop.request_stop()

    async with asyncio.timeout(60):
        assert "the last metrics did not reach" in await closing


async def test_a_signal_that_has_stopped_the_run_leaves_time_for_the_last_export(
    collector: Collector,
) -> None:
    """The first signal drains; what the run has done until then is exported."""
    stop = StopSignals()
    stop.request_stop()
    opened = await _export_of_a_run()

    assert await opened.close(stop) == ""
    assert len(collector.metrics) == 1


async def test_without_the_libraries_the_extra_is_named(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent, and the message says what to install."""
    for name in [name for name in sys.modules if name.startswith(("opentelemetry", "provisioner.telemetry"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    async with stub_twilio() as twilio:
        with pytest.raises(UsageError) as caught:
            await job.run(twilio.url, otel=True)

    assert caught.value.message == "--otel needs the libraries of OpenTelemetry"
    assert "pip install '.[otel]'" in caught.value.cure
    assert not twilio.calls


@pytest.mark.parametrize("value", ["0", "-1"])
async def test_a_variable_that_the_sdk_refuses_is_an_error_before_anything_is_sent(
    job: Job, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """The SDK's own words say what is wrong."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", value)

    async with stub_twilio() as twilio:
        with pytest.raises(UsageError, match="--otel: max_queue_size must be a positive integer"):
            await job.run(twilio.url, otel=True)

    assert not twilio.calls


async def test_a_failed_run_exports_what_it_has_done(job: Job, collector: Collector) -> None:
    """An error after the first request is part of the summary; its spans are there."""
    async with stub_twilio(failing(401, 20003)) as twilio:
        summary = await job.run(twilio.url, otel=True)

    (row,) = collector.rows().values()
    assert summary.exit_code is ExitCode.GUARD
    assert values_of(row.attributes)["error.type"] == "20003"
