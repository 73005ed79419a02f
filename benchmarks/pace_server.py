"""Small server in another process that records when requests arrive and can apply a rate limit.

The time is that at which the kernel had the bytes, so that reading them late does not move arrivals together;
where the kernel does not tell, it is the time of reading. The server runs on a core of its own.
"""

import asyncio
import base64
import itertools
import multiprocessing
import os
import random
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NamedTuple, cast

CORE = 1
SO_TIMESTAMPNS = 35
"""Linux's option of a socket, and its kind of message, that tell when data arrived, as a ``struct timespec``."""
_TIMESPEC = struct.Struct("@ll")
_BASIC = re.compile(rb"(?i)\nauthorization: *basic ([a-z0-9+/=]+)")
CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
CONVERSATION = b'{"conversation_sid": "CH%032x", "identity": null}'
REFUSAL = b'{"code": 20429, "message": "Too many requests", "status": 429}'
THROTTLED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


class Arrival(NamedTuple):
    """One request: when it was counted (monotonic seconds), whether it was accepted, and the user who sent it."""

    at: float
    is_admitted: bool
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules of the server.

    It accepts at most ``most`` requests in any window of ``window_s`` seconds (0: no limit); refused requests do
    not count. From ``halved_from_s`` to ``halved_until_s`` seconds after the first request the window is twice as
    long. A request is counted after a random delay of up to ``way_s`` seconds, and answered after another one of
    up to ``work_s`` seconds. A random share ``stray_share`` of the requests is refused whatever the limit is, and
    so is request ``stray_number`` (counted from 1, 0: none).
    """

    most: int = 0
    window_s: float = 1.0
    halved_from_s: float = 0.0
    halved_until_s: float = 0.0
    way_s: float = 0.0
    work_s: float = 0.0
    stray_share: float = 0.0
    stray_number: int = 0


class Judge:
    """Applies the limit and keeps the list of arrivals."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.arrivals: list[Arrival] = []
        self._admitted: deque[float] = deque(maxlen=rules.most or 1)
        self._numbers = itertools.count(1)
        self._random = random.Random(7)  # noqa: S311 - which requests are refused is no secret

    def reply_to(self, now: float, user: str = "") -> bytes:
        """Count a request of ``user`` that arrives at ``now`` (monotonic seconds); return a 201 or a 429."""
        is_stray = self._random.random() < self.rules.stray_share
        is_stray = is_stray or len(self.arrivals) + 1 == self.rules.stray_number
        is_admitted = not is_stray and (not self.rules.most or not self._is_full(now))
        self.arrivals.append(Arrival(now, is_admitted, user))
        if not is_admitted:
            return THROTTLED % (len(REFUSAL), REFUSAL)
        self._admitted.append(now)
        body = CONVERSATION % next(self._numbers)
        return CREATED % (len(body), body)

    def _is_full(self, now: float) -> bool:
        window_s = self.rules.window_s * (2 if self._is_halved(now) else 1)
        return len(self._admitted) == self.rules.most and now - self._admitted[0] < window_s

    def _is_halved(self, now: float) -> bool:
        begun = self.arrivals[0].at if self.arrivals else now
        return self.rules.halved_from_s <= now - begun < self.rules.halved_until_s


class Responder:
    """Answers each complete request of a connection, a socket that does not block."""

    def __init__(self, judge: Judge, connection: socket.socket) -> None:
        self._judge, self._connection, self._read = judge, connection, b""
        self._random = random.Random(5)  # noqa: S311 - the way's jitter is no secret
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._receive)

    def _receive(self) -> None:
        """Handle each request that is complete with what has arrived."""
        found = self._received()
        if found is None:
            return
        data, arrived = found
        if not data:
            self._loop.remove_reader(self._connection)
            self._connection.close()
            return
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            length = int(self._read[:end].lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self._read) < end + 4 + length:
                return
            user = _user_of(self._read[:end])
            self._read = self._read[end + 4 + length :]
            self._arrive(arrived, user)

    def _received(self) -> tuple[bytes, float] | None:
        """Return what has arrived, and when; no bytes at the end of the connection, None while none came."""
        try:
            data, notes, _, _ = self._connection.recvmsg(1 << 16, 256)
        except BlockingIOError:
            return None
        except ConnectionError:
            return b"", time.monotonic()
        return data, _arrived(notes)

    def _arrive(self, arrived: float, user: str) -> None:
        if not self._judge.rules.way_s:
            self._answer(self._judge.reply_to(arrived, user))
            return
        delay_s = self._random.uniform(0, self._judge.rules.way_s)
        self._loop.call_later(delay_s, lambda: self._answer(self._judge.reply_to(time.monotonic(), user)))

    def _answer(self, reply: bytes) -> None:
        if not self._judge.rules.work_s:
            self._write(reply)
            return
        delay_s = self._random.uniform(0, self._judge.rules.work_s)
        self._loop.call_later(delay_s, self._write, reply)

    def _write(self, reply: bytes) -> None:
        with suppress(OSError):  # the client has gone
            self._connection.sendall(reply)


def _arrived(notes: Iterable[tuple[int, int, bytes]]) -> float:
    """Return when the kernel had what was read just now, in monotonic seconds; now, where it does not tell."""
    now = time.monotonic()
    for level, kind, data in notes:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            at = float(seconds) + float(nanoseconds) / 1e9 - _wall_ahead_s()
            return min(at, now)
    return now


def _wall_ahead_s() -> float:
    """Return Unix less monotonic seconds, by the closest together of three readings of both clocks."""
    readings = [(time.monotonic(), time.time(), time.monotonic()) for _ in range(3)]
    before, wall, after = min(readings, key=lambda each: each[2] - each[0])
    return wall - (before + after) / 2


def _user_of(head: bytes) -> str:
    """Return the user name in the credentials of a request, empty without any."""
    found = _BASIC.search(head)
    return base64.b64decode(found[1]).partition(b":")[0].decode() if found else ""


@dataclass(frozen=True, slots=True)
class PaceServer:
    """A running server: its URL, and the pipe to its process."""

    base_url: str
    wire: "Connection[str, object]"

    def arrivals(self) -> list[Arrival]:
        """Stop the server and return all requests in the order of their arrival; call it only once."""
        self.wire.send("end")
        return sorted(cast("list[Arrival]", self.wire.recv()))


def serve(wire: "Connection[object, str]", rules: Rules) -> None:
    """Serve on a free port and send its number through ``wire``; when a message comes back, send the arrivals."""
    take_a_core()
    judge = Judge(rules)

    async def run() -> None:
        loop, is_over = asyncio.get_running_loop(), asyncio.Event()
        with socket.create_server(("127.0.0.1", 0), backlog=1_024) as listening:
            listening.settimeout(0)
            with suppress(OSError):
                listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # its connections inherit it
            loop.add_reader(listening, _accept, judge, listening)
            loop.add_reader(wire.fileno(), is_over.set)
            wire.send(listening.getsockname()[1])
            await is_over.wait()

    asyncio.run(run())
    wire.send(judge.arrivals)


def _accept(judge: Judge, listening: socket.socket) -> None:
    with suppress(BlockingIOError):
        connection, _ = listening.accept()
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Responder(judge, connection)


def take_a_core() -> None:
    """Bind this process to one core, with real-time priority if allowed, so that it does not measure late."""
    if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {CORE})
    with suppress(AttributeError, PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


@contextmanager
def open_server(rules: Rules) -> Iterator[PaceServer]:
    """Start a server with these rules in another process, and terminate it at the end."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, rules), daemon=True)
    process.start()
    try:
        yield PaceServer(f"http://127.0.0.1:{ours.recv()}", ours)
    finally:
        process.terminate()
        process.join()
