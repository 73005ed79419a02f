"""A run whose Twilio cannot be reached, over real sockets, and what a program is told of it."""

import asyncio
import socket

import aiohttp
import pytest

from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands.load import run_load_test
from provisioner.errors import ExitCode
from provisioner.http_client import pool
from provisioner.models import Counts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome
from provisioner.options import LoadOptions
from tests.integration.commands.job import ADDRESS, ENVIRON, Job
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import Visit, free_port, raw_server
from tests.stub_twilio import stub_twilio
from tests.tls import Authority


def naming(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every name fail to resolve with this error of the resolver."""

    async def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(error, "invented")

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)


async def test_a_name_that_does_not_exist_stops_the_run_at_its_first_row(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting does not cure a wrong name: exit 6 with the cure, every row unsent without an attempt."""
    naming(socket.EAI_NONAME, monkeypatch)
    ui = QuietUserInterface()

    summary = await job.run("https://flex-api.twilio.invalid", yes=True, ui=ui)

    assert (summary.exit_code, summary.outcome) == (ExitCode.GUARD, CommandOutcome.GUARDED)
    assert summary.error is not None
    assert summary.error.message == "the name flex-api.twilio.invalid cannot be resolved"
    assert summary.error.cure.startswith("check the name in --base-url or --proxy")
    assert summary.counts == Counts(input=3, unsent=3)
    assert not [note for note in ui.notes if "paused" in note]


async def test_a_name_server_that_does_not_answer_is_waited_for(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """That may pass: the run pauses, and ends with 7 only when the time is up."""
    naming(socket.EAI_AGAIN, monkeypatch)
    ui = QuietUserInterface()

    summary = await job.run("https://flex-api.twilio.invalid", yes=True, give_up="0.1s", ui=ui)

    assert (summary.exit_code, summary.outcome) == (ExitCode.UNSENT, CommandOutcome.UNREACHABLE)
    assert [note for note in ui.notes if note.startswith("paused: Twilio cannot be reached, next try in 0.1 s")]


async def test_an_untrusted_certificate_stops_the_run_with_its_cure(job: Job) -> None:
    """A gateway that answers in Twilio's place: exit 6, and how to trust it, if that is wanted."""

    async def nothing(_visit: Visit) -> None:
        """Say nothing: the handshake fails before."""

    async with raw_server(nothing, tls=Authority(job.folder).server()) as server:
        summary = await job.run(server.url)

    assert summary.exit_code is ExitCode.GUARD
    assert summary.error is not None
    assert summary.error.message == "the certificate of 127.0.0.1 is not trusted"
    assert "SSL_CERT_FILE" in summary.error.cure
    assert server.requests == []


async def test_programs_are_told_how_long_twilio_was_away(job: Job) -> None:
    """The error has a kind of its own, and the details hold the seconds; rows have no attempt."""
    away = await job.run(f"http://127.0.0.1:{free_port()}", give_up="0.2s")
    async with stub_twilio() as twilio:
        back = await job.run(twilio.url)

    told = away.to_dict()
    assert (told["exit_code"], told["error"]["kind"], told["unsent"]) == (7, "unreachable", 3)
    assert 0.2 <= told["unreachable_s"] < 30
    assert told["next_command"] == "provisioner run as before"
    assert (back.exit_code, "unreachable_s" in back.to_dict()) == (ExitCode.DONE, False)
    assert back.counts == Counts(input=3, created=3)


async def test_a_load_test_at_a_silent_tls_port_ends_soon(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three connections that never come to stand end it with 7: rows do not wait for their attempts in turn."""
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_S", 0.2)
    job.write(200)

    has_ended = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await has_ended.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = LoadOptions(
        output=job.results, base_url=f"https://127.0.0.1:{port}", rate="100/s", address_sid=ADDRESS, key=("id",)
    )
    environment = ProcessEnvironment(ENVIRON, job.folder, "provisioner load as before")

    async with asyncio.timeout(60):
        summary = await run_load_test(
            [str(job.folder / "customers.csv")], options, environment, QuietUserInterface(), ProcessSignals()
        )
    has_ended.set()
    server.close()
    await server.wait_closed()

    assert (summary.exit_code, summary.counts) == (ExitCode.UNSENT, Counts(input=200, unsent=200))
    assert summary.error is not None
    assert summary.error.message.startswith("Twilio was never reached, in 3 attempts: ")
