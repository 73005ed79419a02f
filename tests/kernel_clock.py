"""Fake Twilio server that takes the arrival time of each request from the kernel.

On a busy machine a server's own clock shows only when the server was scheduled, and it may read several requests
at once that arrived at different times. Linux records when bytes reach a socket.
"""

import json
import random
import re
import socket
import struct
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread

SO_TIMESTAMPNS = 35
"""Linux socket option; Python's socket module has no constant for it."""
_TIMESPEC = struct.Struct("@ll")
_WINDOW_S = 1.0
_PIECE = 65_536


@dataclass
class TimedTwilio:
    """Answers with 201, at most ``limit`` times in any second; the request numbers in ``throttles`` get a 429."""

    limit: int
    latency_s: float
    throttles: Collection[int] = ()
    url: str = ""
    arrivals: list[float] = field(default_factory=list)
    throttled: int = 0
    _lock: Lock = field(default_factory=Lock)

    def serve(self, connection: socket.socket) -> None:
        """Answer the requests of one connection until it is closed."""
        with connection, suppress(ConnectionError):
            while arrival := _read_request(connection):
                reply = self._answer(arrival)
                time.sleep(random.uniform(0, self.latency_s))
                connection.sendall(reply)

    def _answer(self, arrival: float) -> bytes:
        with self._lock:
            self.arrivals.append(arrival)
            number = len(self.arrivals)
            in_window = sum(arrival - _WINDOW_S < other <= arrival for other in self.arrivals)
            if in_window <= self.limit and number not in self.throttles:
                return _reply(201, {"conversation_sid": f"CH{number:032x}"})
            self.throttled += 1
            return _reply(429, {"code": 45780, "message": "", "more_info": "", "status": 429})


@contextmanager
def timed_twilio(
    *, limit: int = 1_000, latency_s: float = 0.05, throttles: Collection[int] = ()
) -> Iterator[TimedTwilio]:
    """Serve on loopback until the context ends; an answer takes up to ``latency_s`` seconds."""
    twilio = TimedTwilio(limit, latency_s, throttles)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        twilio.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        Thread(target=_accept, args=(listening, twilio), daemon=True).start()
        yield twilio
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, twilio: TimedTwilio) -> None:
    with suppress(OSError):  # raised when the socket is closed
        while True:
            Thread(target=twilio.serve, args=(listening.accept()[0],), daemon=True).start()


def _read_request(connection: socket.socket) -> float:
    """Read one request; return the arrival time of its last bytes in Unix seconds, 0.0 if there is no request."""
    request, arrival = b"", 0.0
    while not _is_whole(request):
        data, notes, _, _ = connection.recvmsg(_PIECE, socket.CMSG_SPACE(_TIMESPEC.size))
        if not data:
            return 0.0
        request += data
        (stamp,) = (value for level, kind, value in notes if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS))
        seconds, nanoseconds = _TIMESPEC.unpack(stamp)
        arrival = seconds + nanoseconds / 1e9
    return arrival


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def _reply(status: int, document: object) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
