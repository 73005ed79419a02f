"""Spooling: copy an input that can be read only once, such as stdin, for the second pass."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from provisioner.errors import InputError

from .raw_input import RawInput, reason_of


class Readable(Protocol):
    """Protocol of a stream that can be read once."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, all if it is -1; empty at the end."""
        ...


class _PositionedReader(io.RawIOBase):
    """Reader of a shared file descriptor with its own position, so that several passes are independent."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._position = 0

    def fileno(self) -> int:
        return self._descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: os.fstat(self._descriptor).st_size}
        self._position = starts[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._descriptor, len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


@contextmanager
def spooled(name: str, stream: Readable, spool_dir: Path | None) -> Iterator[RawInput]:
    """Copy a stream to a temporary file and yield it as an input; the file is deleted when the context is left.

    The file is in ``spool_dir``, else in the folder for temporary files. It has no name and only its owner can
    read it. Raise ``InputError`` when the stream cannot be read or the disk is full.
    """
    with ExitStack() as stack:
        try:
            spool = stack.enter_context(tempfile.TemporaryFile(dir=spool_dir))
            shutil.copyfileobj(stream, spool)
            spool.flush()
        except OSError as error:
            elsewhere = "in the folder for temporary files, or name another one in TMPDIR"
            raise InputError(
                f"cannot be copied to a temporary file for the second pass: {reason_of(error)}",
                source=name,
                cure=f"make room {f'in {spool_dir}' if spool_dir else elsewhere}",
            ) from error
        yield RawInput(name, lambda: io.BufferedReader(_PositionedReader(spool.fileno())))
