"""What one row costs, counted: a change that makes each row dearer shows here, whatever the machine does.

The bounds stand a little above what was counted when they were set. Lower them with what is gained; raise one only
for something that is worth it.
"""

import io
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from provisioner.http_client.transport import Reply, Transport
from provisioner.ledger import LedgerLocation, open_ledger, open_reader
from provisioner.load import StepMetrics
from provisioner.logs import LogSettings, logging_configured
from provisioner.mapping import Mapping
from provisioner.models import AttemptRecord, Claim, Counts, Message, Row, Status, Verdict, WebChatRequest
from provisioner.monitor import RunMonitor
from provisioner.options import Rate, RunOptions
from provisioner.pacing import Pacer
from provisioner.planning.feed import SourceFeed
from provisioner.planning.input import JobInput, open_input
from provisioner.ports.sending import Gate
from provisioner.report.job_data import load_job
from provisioner.results import Format, write_results
from provisioner.rows import IdentityPolicy
from provisioner.sending import Dispatcher, DispatchLimits, TwilioCalls
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.client import open_transport
from provisioner.twilio.webchats import WebChatClient, encode_all
from tests.cost.counting import AIOHTTP, OURS, blocks, calls, per_row, wakes
from tests.fakes import FakeLedger
from tests.gates import OpenGate
from tests.ledger_samples import INPUT, SETTINGS, entries
from tests.raw_server import answering, raw_server, reply


@pytest.fixture(autouse=True)
def logging_as_usual() -> Iterator[None]:
    """Log what is logged where nobody asks for more."""
    with logging_configured(LogSettings(level="info"), lambda _: None, is_terminal=False, has_colour=False):
        yield


HEADERS = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json"}))
BODY = b'{"conversation_sid": "CH%032x", "identity": null}'


class CannedTransport:
    """Answers every request at once, as a server without a network would, with a conversation of its own."""

    def __init__(self) -> None:
        self._answers = 0

    def url(self, product: str, *segments: str) -> str:
        """Return some address."""
        return f"https://{product}.twilio.com/{'/'.join(segments)}"

    async def send(self, method: str, url: str, *, gate: Gate, body: bytes = b"", headers: Any = ()) -> Reply:
        """Pass the gate and answer 201."""
        due = await gate.wait()
        now = time.time()
        self._answers += 1
        return Reply(201, HEADERS, BODY % self._answers, due, now, now)


class Nobody:
    """Posts nothing."""

    async def post(self, message: Message, gate: Gate) -> Any:
        """Never be asked."""
        raise AssertionError

    async def find(self, message: Message) -> Any:
        """Never be asked."""
        raise AssertionError


class Feed:
    """Makes the same request of every claim."""

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return the rows."""
        request = WebChatRequest("IG" + 32 * "a", "Case 7", "Ada", '{"friendlyName":"Ada"}', "wc-1")
        forms = encode_all([request] * len(claims))
        return [
            Row(each.id, each.row, each.key, request, encoded=form)
            for each, form in zip(claims, forms, strict=True)
        ]


async def send_all(ledger: Any, rows: int) -> None:
    """Send so many rows with everything of ours but the network."""
    pacer = Pacer(Rate(per_second=float("inf")))
    dispatcher = Dispatcher(
        ledger=ledger,
        row_loader=Feed(),
        calls=TwilioCalls(
            creator=WebChatClient(cast("Transport", CannedTransport())),
            messenger=Nobody(),
            pace=pacer,
            message_pace=pacer,
        ),
        observer=RunMonitor(Counts(input=rows, pending=rows), to_send=rows, pacer_status=pacer),
        limits=DispatchLimits(concurrency=16, max_attempts=5, canary=1, to_send=rows),
    )
    assert await dispatcher.run() is None


async def send_in_memory(rows: int) -> None:
    """Send rows of a ledger without a disk."""
    await send_all(FakeLedger([Status.PENDING] * rows), rows)


async def send_on_disk(rows: int) -> None:
    """Send rows of a ledger of their own, and write their results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.ledger")
        async with open_ledger(LedgerLocation(path), SETTINGS, version="1") as ledger:
            await ledger.plan(entries(str(row) for row in range(rows)), INPUT)
            await ledger.start_run([Status.PENDING])
            await send_all(ledger, rows)
        with open_reader(LedgerLocation(path)) as reader:
            assert write_results(io.BytesIO(), reader.results(), Format.CSV) == rows


async def send_over_sockets(rows: int) -> None:
    """Create WebChats at a server, one after the other over one connection."""
    body = b'{"conversation_sid": "CH%s", "identity": null}' % (32 * b"e")
    async with (
        raw_server(answering(reply(201, body))) as server,
        open_transport(SIMULATED, version="1", base_url=server.url) as transport,
    ):
        creator, gate = WebChatClient(transport), OpenGate()
        request = WebChatRequest("IG" + 32 * "a", "Case 7", "Ada", '{"friendlyName":"Ada"}', "wc-1")
        for _ in range(rows):
            assert (await creator.create(request, gate)).verdict is Verdict.CREATED


async def plan_rows(rows: int) -> None:
    """Read, map, check and digest so many customers."""
    with customers(rows) as job_input:
        assert sum(1 for _ in job_input.entries()) == rows


async def rebuild_rows(rows: int) -> None:
    """Plan customers, and make the requests of all of them again."""
    with customers(rows) as job_input:
        claims = [Claim(each.row, each.row, each.key, each.digest) for each in job_input.entries()]
        row_loader = SourceFeed(job_input, IdentityPolicy(job_id="0" * 32))
        assert len(row_loader._rebuild_all(claims)) == rows


async def create_rows(rows: int, path: Path) -> None:
    """Make the ledger of a job in which so many rows were created."""
    async with open_ledger(LedgerLocation(path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(str(row) for row in range(rows)), INPUT)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO attempts (id, row_id, number, class, due, sent, ended, http_status, conversation_sid) "
            "SELECT id, id, 1, 'created', id, id, id, 201, printf('CH%032x', id) FROM rows"
        )
        connection.execute("UPDATE rows SET status = 'created', attempts = 1, last_attempt = id")


async def create_only(rows: int) -> None:
    """Make a ledger without a report."""
    with tempfile.TemporaryDirectory() as folder:
        await create_rows(rows, Path(folder, "job.ledger"))


async def report_rows(rows: int) -> None:
    """Make a ledger, and the figures of a report on it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.ledger")
        await create_rows(rows, path)
        with open_reader(LedgerLocation(path)) as reader:
            assert load_job("job", reader).steps["create"][0].succeeded == rows


KEPT: list[StepMetrics] = []
"""Measurements that stay in memory."""


async def refuse_rows(rows: int) -> None:
    """Measure so many rows that Twilio refused."""
    metrics = StepMetrics()
    for row in range(1_000, 1_000 + rows):
        metrics.add(AttemptRecord(row, 1, "refused", 1.0, 1.0, 1.5, 400, "45745"))
    KEPT.append(metrics)


@contextmanager
def customers(rows: int) -> Iterator[JobInput]:
    """Open an export of so many."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "customers.csv")
        lines = [f"{row},Customer {row},Case {row},gold\n" for row in range(rows)]
        file.write_text("id,CustomerFriendlyName,ChatFriendlyName,pre_engagement.plan\n" + "".join(lines))
        options = RunOptions(address_sid="IG" + 32 * "a", key=("id",))
        with open_input([str(file)], options, Mapping.from_options(options)) as opened:
            yield opened


def test_a_row_wakes_its_worker_no_oftener_than_it_has_to_wait() -> None:
    """Once when its intent is on disk; the network, which is not here, adds one for its reply."""
    assert per_row(wakes, send_in_memory) <= 1.1


def test_sending_a_row_calls_few_functions() -> None:
    """From the claim to the outcome, the request's bytes and the counting included."""
    assert per_row(calls, send_in_memory) <= 45.5


def test_recording_a_row_calls_few_functions() -> None:
    """What the ledger, planning and the results add to sending: rows are handed to its thread in columns."""
    assert per_row(calls, send_on_disk) - per_row(calls, send_in_memory) <= 12


def test_a_request_over_a_socket_calls_few_functions() -> None:
    """From its form to the meaning of its reply, with those of aiohttp, which parses it."""
    assert per_row(partial(calls, of=(OURS, AIOHTTP)), send_over_sockets) <= 62


def test_planning_a_row_calls_few_functions() -> None:
    """From the line to its digest."""
    assert per_row(calls, plan_rows) <= 11


def test_rebuilding_a_row_calls_few_functions() -> None:
    """What the second pass adds to the first."""
    assert per_row(calls, rebuild_rows) - per_row(calls, plan_rows) <= 9


def test_reporting_a_row_calls_few_functions() -> None:
    """Its attempts are read once, and a row that was created is asked for only if it is one of the slowest."""
    assert per_row(calls, report_rows) - per_row(calls, create_only) <= 6.5


def test_a_row_leaves_nothing_in_memory() -> None:
    """From the plan to the results, what a job holds does not grow with its rows."""
    assert per_row(blocks, send_on_disk) <= 1


def test_a_refused_row_leaves_no_object_of_its_own_in_memory() -> None:
    """Whether it was refused before is one bit."""
    assert per_row(blocks, refuse_rows) <= 0.1


def test_planning_a_row_leaves_nothing_in_memory() -> None:
    """Neither its texts nor what is made of them."""
    assert per_row(blocks, plan_rows) <= 0.2
