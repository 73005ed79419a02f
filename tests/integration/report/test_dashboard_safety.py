"""What the live page's server tells of itself, takes and refuses, over raw sockets."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

import aiohttp
import pytest
from structlog.testing import capture_logs

from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.report import controls
from provisioner.report.dashboard import MOST_STREAMS, open_dashboard
from provisioner.report.listen_address import ListenAddress
from provisioner.report.live_recorder import LiveRecorder
from provisioner.runs.run_controls import RunControls
from tests.integration.report.test_dashboard import HERE, Board, board
from tests.integration.report.test_dashboard import Hands as HandsOfTests
from tests.watched_runs import QuietRun

PAUSE = b'{"action": "pause"}'
JSON = "application/json"


async def ask(served: Board, request: bytes) -> tuple[int, dict[str, str], str]:
    """Send bytes as they are, and read until the server closes: status, headers in lower case, body."""
    port = int(served.address.rsplit(":", 1)[1].strip("/"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def posting(token: bytes, body: bytes, *, kind: str = JSON, length: int | None = None) -> bytes:
    """Write a request to the controls, whatever stands in it."""
    return (
        b"POST /control HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        + (b"X-Token: " + token + b"\r\n" if token else b"")
        + (f"Content-Type: {kind}\r\n".encode() if kind else b"")
        + f"Content-Length: {len(body) if length is None else length}\r\n\r\n".encode()
        + body
    )


def chunked(token: bytes, body: bytes) -> bytes:
    """Write a request to the controls that does not say how long its body is."""
    head = posting(token, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    return head + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


def getting(path: str, *, method: str = "GET", host: str = "localhost", more: str = "") -> bytes:
    """Write a request without a body."""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n".encode()


def assert_safe(headers: Mapping[str, str]) -> None:
    """Check what every answer has to carry, and what none may."""
    assert headers["x-frame-options"] == "deny"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert "*" not in policy
    assert headers.get("server", "provisioner") == "provisioner"


async def test_every_answer_carries_the_headers_and_none_a_version() -> None:
    """Pages, streams, refusals and what is not HTTP at all: no frame, no guess, no store, no software's name."""
    requests = {
        200: [getting("/"), getting("/", method="HEAD"), getting("/metrics"), getting("/metrics", method="HEAD")],
        403: [posting(b"wrong", PAUSE)],
        404: [getting("/nothing"), getting("/../../etc/passwd"), getting("/%00")],
        405: [getting("/control"), getting("/events", method="HEAD"), getting("/", method="DELETE")],
        421: [
            getting("/", host="evil.example"),
            getting("/metrics", host="evil.example"),
            getting("/events", host=""),
            getting("/nothing", host="a b"),
        ],
        400: [b"nonsense\r\n\r\n", getting("/", more=f"X-Long: {9000 * 'a'}\r\n"), getting(f"/{9000 * 'a'}")],
    }
    with capture_logs() as logged:
        async with board() as served:
            for status, asked in requests.items():
                for request in asked:
                    answered, headers, _ = await ask(served, request)
                    assert answered == status, request[:60]
                    assert_safe(headers)
            async with served.client.get(f"{served.address}events") as stream:
                assert_safe({name.lower(): value.lower() for name, value in stream.headers.items()})

    assert logged == []


async def test_odd_tokens_and_bodies_are_refused_and_touch_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is sent, the answer is a 4xx with a sentence; never a 500, and never a pause."""
    async with board() as served:
        token = served.token.encode()
        refused = {
            403: [
                posting(b"", PAUSE),
                posting(b"wrong", PAUSE),
                posting("ä".encode(), PAUSE),
                posting(b"\xff\xfe", PAUSE),
                posting(token + b"x", PAUSE),
                posting(token[:-1], PAUSE),
            ],
            415: [posting(token, PAUSE, kind=kind) for kind in ("", "text/plain", "application/jsonx", "x")],
            413: [posting(token, b" " * 1025), posting(token, b"", length=10**12), chunked(token, b" " * 2000)],
            400: [
                posting(token, body)
                for body in (
                    b"",
                    b"pause",
                    b"null",
                    b'["pause"]',
                    b'{"action": 1}',
                    b'{"action": null}',
                    b'{"action": ["pause"]}',
                    b'{"action": "close"}',
                    b'{"action": "pause"',
                    b'{"action": "pause", "more": 1}',
                    b'{"action": "rate", "rate": 3}',
                    b'{"action": "rate", "rate": NaN}',
                    b'{"action": "rate", "rate": {"a": 1}}',
                    b'{"action": "rate", "rate": "bad"}',
                    b'{"action": "pause\xff"}',
                    b"\xff\xfe{\x00}\x00",
                    b"[" * 1024,
                    b'{"action":' * 100,
                )
            ],
        }
        for status, requests in refused.items():
            for request in requests:
                answered, headers, body = await ask(served, request)
                assert answered == status, request[-80:]
                assert json.loads(body)["error"]
                assert_safe(headers)
        accepted, _, _ = await ask(served, posting(token, PAUSE))

    assert (accepted, served.controls.asked) == (200, ["pause"])
    assert caplog.records == []


async def test_a_body_that_never_comes_is_waited_for_no_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who announces a body and does not send it does not hold the server up."""
    monkeypatch.setattr(controls, "BODY_S", 0.05)
    async with board() as served:
        status, _, body = await ask(served, posting(served.token.encode(), b"", length=10))

    assert (status, json.loads(body)) == (408, {"error": "it took too long to arrive"})


async def test_a_rate_that_is_out_of_range_is_answered_with_the_range() -> None:
    """The page shows the sentence that the command line would, and the pace stays; within it is followed."""
    pacer = Pacer(Rate(per_second=4))
    watch = QuietRun().watch(pacer)
    page = open_dashboard(HERE, watch.status, LiveRecorder(time.time), RunControls(watch))

    async with page as url, aiohttp.ClientSession() as client:
        address, _, token = url.partition("#")
        served = Board(address, token, HandsOfTests(), client)
        for rate in (
            "100001/s",
            f"{900 * '9'}",
            "0.04/h",
            f"0.{800 * '0'}1",
            "nan",
            "inf",
            "1e308",
            "-1",
            "",
            "0",
        ):
            status, told = await served.control({"action": "rate", "rate": rate})
            assert status == 400, rate
            assert "from 0.042/h (one a day) to 100,000/s" in told["error"]
            assert len(told["error"]) < 200
        after_refusals = pacer.target_rate
        allowed = [await served.control({"action": "rate", "rate": rate}) for rate in ("100000/s", "0.042/h")]

    assert after_refusals == 4
    assert [status for status, _ in allowed] == [200, 200]
    assert pacer.target_rate == pytest.approx(1 / 86_400, rel=0.01)


async def test_there_are_so_many_streams_and_no_more() -> None:
    """One more is told to come later, and gets the place of one that was closed."""
    async with board() as served, AsyncExitStack() as stack, aiohttp.ClientSession() as client:
        streams = [
            await stack.enter_async_context(client.get(f"{served.address}events")) for _ in range(MOST_STREAMS)
        ]
        async with client.get(f"{served.address}events") as refused:
            status, text, later = refused.status, await refused.text(), refused.headers["Retry-After"]
        async with client.get(served.address) as page:
            shown = page.status
        streams[0].close()
        async with asyncio.timeout(60):
            while True:
                async with client.get(f"{served.address}events") as again:
                    if again.status == 200:
                        break

    assert [stream.status for stream in streams] == [200] * MOST_STREAMS
    assert (status, text, later) == (503, "20 pages follow the run already\n", "5")
    assert shown == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "desk.example"])  # noqa: S104 - what is warned of
def test_a_place_that_others_reach_comes_with_a_caution(host: str) -> None:
    """It names the place, and says that nothing is encrypted; this machine's own names have none."""
    assert host in ListenAddress(host, 80, is_public=True).caution
    assert "encrypted" in ListenAddress(host, 80, is_public=True).caution
    assert [ListenAddress(own, 80).caution for own in ("127.0.0.1", "localhost", "::1")] == ["", "", ""]
