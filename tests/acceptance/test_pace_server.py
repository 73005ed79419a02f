"""The server that measures the pace of a run."""

import multiprocessing
import os
import signal
import socket
import sys
import time

import pytest

from benchmarks.pace_server import Rules, open_server

pytestmark = pytest.mark.acceptance
REQUEST = b"POST / HTTP/1.1\r\nAuthorization: Basic QUM6eA==\r\nContent-Length: 2\r\n\r\n{}"
ASKED = 20


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell when data arrived")
def test_requests_that_are_read_late_arrived_before() -> None:
    """A server that gets no processor time moves no arrivals together."""
    stopped = list[float]()
    with open_server(Rules()) as server:
        (process,) = multiprocessing.active_children()
        assert process.pid is not None
        port = int(server.base_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            time.sleep(0.2)  # the kernel needs a moment until it keeps the times
            for _ in range(ASKED):
                os.kill(process.pid, signal.SIGSTOP)
                connection.sendall(REQUEST)
                time.sleep(0.005)
                stopped.append(time.monotonic())
                os.kill(process.pid, signal.SIGCONT)
                assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201 ")
        arrivals = server.arrivals()

    assert [each.user for each in arrivals] == ["AC"] * ASKED
    assert all(each.at <= moment for each, moment in zip(arrivals, stopped, strict=True))
