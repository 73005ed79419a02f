"""A process that has imported the program, and forks one that runs it whenever it is asked to.

Most of what a short execution costs is the import. A forked process is a process of its own, with its own
streams, folder and environment, that runs ``python -m provisioner`` from its first line to the interpreter's end.
"""

import asyncio
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

MOST_BYTES = 100_000
"""The longest request."""


@dataclass(frozen=True)
class Forked:
    """An execution under way: its number, and the pipes it writes to; ``status`` has its exit code at the end."""

    pid: int
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    status: asyncio.StreamReader

    async def end(self) -> tuple[int, bytes, bytes]:
        """Wait for the end, and return the exit code, stdout and stderr; a signal is a negative code."""
        stdout, stderr, code = await asyncio.gather(
            *(each.read() for each in (self.stdout, self.stderr, self.status))
        )
        return int(code), stdout, stderr


@dataclass(frozen=True)
class ForkServer:
    """The process that forks, as those who ask it see it; ``env`` is what it was started in itself."""

    control: socket.socket
    env: Mapping[str, str]

    @asynccontextmanager
    async def run(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> AsyncIterator[Forked]:
        """Run the program with these arguments and nothing on stdin; it is killed when the context ends."""
        async with AsyncExitStack() as stack:
            pipes = [os.pipe() for _ in range(3)]
            request = json.dumps([arguments, str(folder), dict(env)]).encode()
            socket.send_fds(self.control, [request], [write_end for _, write_end in pipes])
            for _, write_end in pipes:
                os.close(write_end)
            stdout, stderr, status = [await stack.enter_async_context(reader_of(end)) for end, _ in pipes]
            pid = int(await status.readline())
            try:
                yield Forked(pid, stdout, stderr, status)
            finally:
                if not status.at_eof():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def reader_of(descriptor: int) -> AsyncIterator[asyncio.StreamReader]:
    """Read a pipe on the running loop, and close it."""
    reader, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        yield reader
    finally:
        transport.close()


@contextmanager
def fork_server(env: Mapping[str, str]) -> Iterator[ForkServer]:
    """Start the process that forks; it ends with the context, or with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(command, env=env, pass_fds=[theirs.fileno()], start_new_session=True)
        theirs.close()
        yield ForkServer(ours, env)
    process.wait()


def serve(control: socket.socket) -> None:
    """Fork for every request, until nobody can ask any more; return in each process that is to be the program."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, MOST_BYTES, 3)
        if not request:
            sys.exit()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not os.fork():
            control.close()
            watch_next(*descriptors)
            sys.argv[1:], folder, env = json.loads(request)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(env)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def watch_next(stdout: int, stderr: int, status: int) -> None:
    """Fork once more: return in the new process with these streams, and tell of its end from this one."""
    if pid := os.fork():
        os.close(stdout)
        os.close(stderr)
        with suppress(BrokenPipeError):  # the test has ended before the program
            os.write(status, f"{pid}\n".encode())
            os.write(status, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
        os._exit(0)
    os.close(status)
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), stdout, stderr)):
        os.dup2(descriptor, number)
        os.close(descriptor)


if __name__ == "__main__":
    for module in pkgutil.walk_packages([str(Path(__file__).parents[2] / "provisioner")], "provisioner."):
        if module.name != "provisioner.__main__":
            import_module(module.name)
    gc.freeze()  # what was imported is copied to a forked process only when that writes to it
    serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("provisioner", run_name="__main__", alter_sys=True)
