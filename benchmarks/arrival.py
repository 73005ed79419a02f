"""Time from the start of a program until its first request reaches the server."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.process import LIMIT_S, Usage, started


def until_first_request(
    command_to: Callable[[str], Sequence[str]], environment: Mapping[str, str], folder: Path
) -> Usage:
    """Start a program against a server that never answers, kill it at its first byte, and return its usage.

    ``command_to`` takes the server's URL and returns the command.

    Raises:
        RuntimeError: The program sent nothing within ``LIMIT_S`` seconds.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LIMIT_S)
        command = command_to(f"http://127.0.0.1:{listening.getsockname()[1]}")
        began = time.perf_counter()
        process = started(command, environment, folder, subprocess.DEVNULL)
        try:
            wait_for_byte(listening)
            wall_s = time.perf_counter() - began
        finally:
            process.kill()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def wait_for_byte(listening: socket.socket) -> None:
    """Wait until the first connection has sent a byte; raise ``RuntimeError`` after ``LIMIT_S`` seconds."""
    try:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(LIMIT_S)
            connection.recv(1)
    except TimeoutError as error:
        raise RuntimeError(f"no request came within {LIMIT_S} s") from error
