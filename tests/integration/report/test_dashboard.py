"""The live page over real sockets: who may see it, who may touch the run, and how it ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from provisioner.errors import UsageError
from provisioner.models import AttemptResult, Verdict
from provisioner.models.progress import Progress
from provisioner.monitor.run_status import RunFacts, RunStatus
from provisioner.report.controls import ControlState
from provisioner.report.dashboard import open_dashboard
from provisioner.report.listen_address import ListenAddress, parse_listen_address
from provisioner.report.live_recorder import LiveRecorder
from tests.prometheus_text import parse

HERE = ListenAddress("127.0.0.1", 0)
HOSTILE = "<script>alert('x')</script> & \"co\".csv"


@dataclass
class Hands:
    """Notes what the page asks for, all of which does something; a rate of ``bad`` is none."""

    asked: list[str] = field(default_factory=list)

    def state(self) -> ControlState:
        """Enable all."""
        return ControlState(pause=True, resume=True, set_rate=True, stop=True, rate="4/s")

    def pause(self) -> None:
        """Note it."""
        self.asked.append("pause")

    def resume(self) -> None:
        """Note it."""
        self.asked.append("resume")

    def stop(self) -> None:
        """Note it."""
        self.asked.append("stop")

    def set_rate(self, rate: str) -> None:
        """Note it, or refuse."""
        if rate == "bad":
            raise UsageError("bad is not a valid rate", cure="name one")
        self.asked.append(rate)


@dataclass
class Board:
    """A page being served, and what it may touch."""

    address: str
    token: str
    controls: Hands
    client: aiohttp.ClientSession

    async def control(self, body: Any, *, token: str | None = None) -> tuple[int, dict[str, str]]:
        """Ask for something with the right token, or with another."""
        headers = {"X-Token": self.token if token is None else token}
        async with self.client.post(f"{self.address}control", json=body, headers=headers) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def board(*, place: ListenAddress = HERE, finished: int = 3) -> AsyncIterator[Board]:
    """Serve the page of a run of which so many of ten rows are created."""
    recorder, controls = LiveRecorder(time.time), Hands()
    now = time.time()
    recorder.record(AttemptResult(Verdict.CREATED, due=now, sent=now, ended=now + 0.1))
    status = RunStatus(
        facts=RunFacts(command="run", output=HOSTILE, inputs=[HOSTILE]),
        progress=Progress(total=10, done=finished, created=finished, in_flight=1, messages=2, state="sending"),
    )
    async with (
        open_dashboard(place, lambda: status, recorder, controls) as url,
        aiohttp.ClientSession() as client,
    ):
        address, _, token = url.partition("#")
        yield Board(address, token, controls, client)


async def test_the_page_shows_the_run_and_keeps_names_as_text() -> None:
    """Counts and charts are there without a script, and a hostile name of a file is no part of the page."""
    async with board() as served, served.client.get(served.address) as answer:
        text = await answer.text()

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "input 10 = created 3 + rejected 0 + unknown 0 + unsent 0 + invalid 0 + pending 7" in text
    assert "<svg" in text
    assert HOSTILE not in text
    assert "&lt;script&gt;alert" in text
    assert served.token not in text


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"action": "pause"}, ["pause"]),
        ({"action": "resume"}, ["resume"]),
        ({"action": "rate", "rate": "3/s"}, ["3/s"]),
        ({"action": "stop"}, ["stop"]),
    ],
)
async def test_the_token_opens_the_controls(body: dict[str, str], asked: list[str]) -> None:
    """Whoever has the address with its token may pause, resume, change the pace and stop."""
    async with board() as served:
        status, told = await served.control(body)

    assert (status, served.controls.asked) == (200, asked)
    assert told["said"]


@pytest.mark.parametrize("token", ["", "wrong", "ä"])
async def test_without_the_token_nothing_is_touched(token: str) -> None:
    """A wrong token is refused, and so is none."""
    async with board() as served:
        status, told = await served.control({"action": "pause"}, token=token)

    assert (status, served.controls.asked) == (403, [])
    assert told == {"error": "the token is missing or wrong"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"action": "rate", "rate": "bad"}, "bad is not a valid rate: name one"),
        *((body, "not understood") for body in ({"action": "close"}, ["pause"], {})),
    ],
)
async def test_what_is_not_understood_is_said(body: Any, error: str) -> None:
    """A pace that is none is answered with its cure, anything else in short; the run is not touched."""
    async with board() as served:
        status, told = await served.control(body)

    assert (status, told, served.controls.asked) == (400, {"error": error}, [])


@pytest.mark.parametrize(
    ("host", "is_public", "status"),
    [
        *((host, False, 200) for host in ("127.0.0.1:80", "localhost", "[::1]:8080", "[::1]", "LOCALHOST:8080")),
        *((host, False, 200) for host in ("localhost.:8080", "127.0.0.1.", "127.0.0.2:65535")),
        *((host, False, 421) for host in ("", "::1", "[::1", "localhost:", "localhost:port", "localhost:80:80")),
        *((host, False, 421) for host in ("localhost..", "localhost@evil.example", "evil.example@localhost")),
        *((host, False, 421) for host in ("evil.example/localhost", "localhost.evil.example", "evil.localhost")),
        *((host, False, 421) for host in ("2130706433", "evil.example", "evil.example:80")),
        ("127.0.0.1.evil.example", False, 421),
        ("desk.example", True, 200),
    ],
)
async def test_another_hosts_name_is_refused(host: str, *, is_public: bool, status: int) -> None:
    """A page elsewhere that points its own name at this machine sees nothing."""
    async with (
        board(place=ListenAddress("127.0.0.1", 0, is_public)) as served,
        served.client.get(served.address, headers={"Host": host}) as answer,
    ):
        assert answer.status == status


async def test_the_stream_tells_and_ends_with_the_run() -> None:
    """Events come as the page needs them; at the end there is a last one, and the connection closes."""
    async with aiohttp.ClientSession() as client:
        async with board() as served:
            answer = await client.get(f"{served.address}events")
            first = await answer.content.readuntil(b"\n\n")
        rest = await asyncio.wait_for(answer.content.read(), 60)

    told = json.loads(first.removeprefix(b"data: "))
    assert set(told["parts"]) == {"state", "progress", "figures", "accounting", "errors", "workers", "charts"}
    assert "Sending" in told["parts"]["state"]
    assert told["controls"]["pause"] is True
    assert rest.startswith(b"event: end\ndata: ")
    assert rest.count(b"data: ") == 1


async def test_a_page_that_nobody_sees_hears_of_the_result_alone() -> None:
    """Its stream says nothing while the run goes on, and has the same last event."""
    async with aiohttp.ClientSession() as client:
        async with board() as served:
            answer = await client.get(f"{served.address}result")
            first = await answer.content.readuntil(b"\n\n")
        rest = await asyncio.wait_for(answer.content.read(), 60)

    told = json.loads(rest.removeprefix(b"event: end\ndata: "))
    assert first == b":\n\n"
    assert "3 of 10 rows" in told["parts"]["progress"]
    assert not any(told["controls"].values())


async def test_metrics_are_there_to_read_and_name_nothing() -> None:
    """Prometheus reads them without the token, in its format; nothing can be sent to them, no name is in it."""
    async with board() as served:
        async with served.client.get(f"{served.address}metrics") as answer:
            text, kind = await answer.text(), answer.headers["Content-Type"]
        async with served.client.post(f"{served.address}metrics") as refused:
            status = refused.status

    samples = parse(text)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert samples["provisioner_run_rows", frozenset({("outcome", "created")})] == 3
    assert samples["provisioner_run_rows", frozenset({("outcome", "pending")})] == 7
    assert samples["provisioner_run_in_flight", frozenset()] == 1
    assert HOSTILE not in text
    assert served.token not in text
    assert status == 405


async def test_a_page_that_was_closed_disturbs_nobody() -> None:
    """A reader that goes away ends its own stream only."""
    async with board() as served:
        async with served.client.get(f"{served.address}events") as answer:
            await answer.content.readuntil(b"\n\n")
        async with served.client.get(f"{served.address}events") as other:
            assert await other.content.readuntil(b"\n\n")


async def test_a_port_that_is_taken_is_a_usage_error() -> None:
    """The message names the port, the cure another."""
    async with board() as served:
        port = int(served.address.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(UsageError, match=f"cannot use port {port}") as caught:
            async with board(place=ListenAddress("127.0.0.1", port)):
                pass

    assert caught.value.message.endswith(f"port {port} of 127.0.0.1: address already in use")
    assert "0 takes a free one" in caught.value.cure


@pytest.mark.parametrize(
    ("text", "is_public", "place"),
    [
        ("8080", False, ListenAddress("127.0.0.1", 8080)),
        ("0", False, ListenAddress("127.0.0.1", 0)),
        ("localhost:8080", False, ListenAddress("localhost", 8080)),
        ("127.0.0.2:1", False, ListenAddress("127.0.0.2", 1)),
        ("[::1]:8080", False, ListenAddress("::1", 8080)),
        ("0.0.0.0:80", True, ListenAddress("0.0.0.0", 80, is_public=True)),  # noqa: S104 - asked for
        ("desk.example:80", True, ListenAddress("desk.example", 80, is_public=True)),
    ],
)
def test_places_by_table(text: str, *, is_public: bool, place: ListenAddress) -> None:
    """A port is one of this machine; a host may stand before it."""
    assert parse_listen_address(text, is_public=is_public) == place


@pytest.mark.parametrize("text", ["", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "65536", "-1", "٣"])
def test_what_is_no_place_is_refused(text: str) -> None:
    """Ports are numbers up to 65535."""
    with pytest.raises(UsageError, match="is not a port or a host with a port"):
        parse_listen_address(text, is_public=False)


@pytest.mark.parametrize("text", ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "desk.example:80"])
def test_other_machines_are_let_in_on_purpose_only(text: str) -> None:
    """It takes a flag of its own."""
    with pytest.raises(UsageError, match="would let other machines in") as caught:
        parse_listen_address(text, is_public=False)

    assert "--dashboard-public" in caught.value.cure
