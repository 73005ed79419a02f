"""Replies that are made to exhaust their reader: each is given up early, in doubt, and costs next to no memory."""

import asyncio
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests.raw_server import Visit, raw_server

MIB = 1 << 20
BOUND_MIB = 64
SLICE = 1 << 16
HEAD = b"HTTP/1.1 201 Created\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

CREATE_AT_EACH = """
import asyncio, sys
from pathlib import Path
from provisioner.cli.event_loop import run_with_loop
from provisioner.models import WebChatRequest
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.client import open_transport
from provisioner.twilio.webchats import WebChatClient
from tests.gates import OpenGate

def peak_kib():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

async def main():
    url, *kinds = sys.argv[1:]
    for kind in ["harmless", *kinds]:
        before = peak_kib()
        async with open_transport(SIMULATED, version="1", base_url=f"{url}/{kind}", timeout_s=2) as transport:
            answer = await WebChatClient(transport).create(WebChatRequest(address_sid="IG1"), OpenGate())
        if kind != "harmless":
            print(kind, answer.verdict, answer.error_code, peak_kib() - before, sep=",")

run_with_loop("auto", main())
"""


def bomb(unpacked: int) -> Iterator[bytes]:
    """Yield a small gzip file that unpacks to so many zeros."""
    packer, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(MIB)
    for _ in range(unpacked // MIB):
        yield packer.compress(zeros)
    yield packer.flush()


REPLIES: dict[str, Callable[[], Iterable[bytes]]] = {
    "headers": lambda: chain([HEAD], (b"X-%d: %b\r\n" % (number, b"x" * 8_000) for number in range(1 << 20))),
    "small-headers": lambda: chain([HEAD], (b"X-%d: x\r\n" % number for number in range(1 << 24))),
    "header": lambda: chain([HEAD, b"X: "], repeat(b"x" * SLICE)),
    "reason": lambda: chain([HEAD.rstrip()], repeat(b"x" * SLICE)),
    "body": lambda: chain([HEAD, b"\r\n"], repeat(b" " * SLICE)),
    "length": lambda: chain([HEAD, b"Content-Length: 999999999999\r\n\r\n"], repeat(b" " * SLICE)),
    "chunks": lambda: chain([CHUNKED], repeat(b"10000\r\n" + b" " * SLICE + b"\r\n")),
    "tiny-chunks": lambda: chain([CHUNKED], repeat(b"1\r\n \r\n" * 8_192)),
    "chunk": lambda: chain([CHUNKED, b"7fffffffffffffff\r\n"], repeat(b" " * SLICE)),
    "chunk-extension": lambda: chain([CHUNKED, b"1;"], repeat(b"x" * SLICE)),
    "trailers": lambda: chain([CHUNKED, b"1\r\n \r\n0\r\n"], repeat(b"X: %b\r\n" % (b"x" * 8_000))),
    "nesting": lambda: [HEAD, b"Content-Length: 1000000\r\n\r\n", b"[" * 1_000_000],
    "gzip": lambda: chain([HEAD, b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"], gzipped()),
    "interim": lambda: repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_048),
}


def gzipped() -> Iterator[bytes]:
    """Yield the bomb in chunks, and their end."""
    for part in bomb(256 * MIB):
        if part:
            yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


async def serve(visit: Visit) -> None:
    """Answer as the path asks, for as long as anybody listens."""
    request = await visit.read_request()
    kind = request.split(b"/")[1].decode()
    for part in REPLIES.get(kind, lambda: [HEAD, b"Content-Length: 2\r\n\r\n{}"])():
        await visit.write(part)


@pytest.fixture(autouse=True)
def wire() -> None:
    """Lay no wire: what is measured runs in a process of its own."""


@pytest.mark.asyncio(loop_factories=["asyncio"])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process's own peak is told by Linux only")
async def test_hostile_replies_cost_next_to_no_memory() -> None:
    """Whatever a server sends, its attempt ends in doubt, and the process grows by less than 64 MiB in all."""
    async with raw_server(serve) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CREATE_AT_EACH, server.url, *REPLIES), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()

    told = [line.split(",") for line in out.decode().split()]
    assert [kind for kind, *_ in told] == list(REPLIES)
    assert {(kind, verdict) for kind, verdict, *_ in told} == {(kind, "maybe") for kind in REPLIES}
    assert sum(int(grown) for *_, grown in told) < BOUND_MIB * 1024, told
