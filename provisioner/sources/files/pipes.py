"""Inputs that are not regular files: named pipes, and streams that the process has inherited."""

import io
import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from provisioner.errors import InputError
from provisioner.system.regular_files import Streams, is_named_pipe, open_regular

from .raw_input import CHUNK_SIZE
from .spool import Readable

WRITER_PATIENCE_S = 5.0
"""Longest wait, in seconds, for a writer of a named pipe; a shell opens its end within milliseconds."""
_LOOK_S = 0.05
_STREAMS = Streams.INHERITED | Streams.NAMED_PIPE | Streams.NULL | Streams.TERMINAL


@contextmanager
def open_pipe(name: str, path: Path) -> Iterator[Readable]:
    """Open a named or inherited pipe, ``/dev/null`` or a terminal for one pass of reading.

    Raise ``InputError``, which names ``name``, when no process writes to a named pipe within
    ``WRITER_PATIENCE_S``, and ``OSError`` when ``path`` cannot be opened or is of another kind.
    """
    with io.FileIO(path, opener=lambda file, flags: open_regular(file, flags, streams=_STREAMS)) as raw:
        first = _first_bytes(name, raw) if is_named_pipe(path) else b""
        yield _Continued(first, io.BufferedReader(raw))


class _Continued(msgspec.Struct):
    """Stream whose first bytes have been read already; ``read`` returns them first."""

    first: bytes
    rest: io.BufferedReader

    def read(self, size: int = -1, /) -> bytes:
        first, self.first = self.first, b""
        return first or self.rest.read(size)


def _first_bytes(name: str, pipe: io.FileIO) -> bytes:
    """Wait until a named pipe has a writer, and return the bytes written so far."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    ends_at = time.monotonic() + WRITER_PATIENCE_S
    os.set_blocking(pipe.fileno(), False)
    try:
        while time.monotonic() < ends_at:
            # None: a writer has written nothing yet. Empty: no writer; POLLHUP means that there was one before.
            first: bytes | None = pipe.read(CHUNK_SIZE)
            if first or first is None:
                return first or b""
            if any(event & select.POLLHUP and not event & select.POLLIN for _, event in poll.poll(_LOOK_S * 1000)):
                return b""
    finally:
        os.set_blocking(pipe.fileno(), True)
    raise InputError(
        "is a named pipe that nobody writes to", source=name, cure="start what writes to it first, or name a file"
    )
