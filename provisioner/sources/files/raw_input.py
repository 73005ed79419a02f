"""Stored bytes of one input, which can be read any number of times."""

import hashlib
import io
import os
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import msgspec

from provisioner.errors import InputError
from provisioner.models import Fingerprint
from provisioner.system.os_errors import os_reason
from provisioner.system.regular_files import open_regular

from .compression import NONE, Compression, detect_compression
from .members import CompressionError

CHUNK_SIZE = 64 * 1024
"""Size of the pieces in which inputs are read, in bytes."""


class RawInput(msgspec.Struct, frozen=True):
    """Stored bytes of one input. ``opened`` returns a new stream from the start, independent of earlier ones.

    Every method raises ``InputError`` when the bytes cannot be opened or read.
    """

    name: str
    opened: Callable[[], io.BufferedReader]

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the bytes as stored, without decompressing them."""
        digest, size = hashlib.sha256(), 0
        with self._open() as stored:
            while chunk := self._read(stored):
                digest.update(chunk)
                size += len(chunk)
        return Fingerprint(name=self.name, size=size, sha256=digest.hexdigest())

    def compression(self) -> Compression:
        """Return the compression of the bytes; ``NONE`` for none."""
        with self._open() as stored:
            return detect_compression(stored.peek())

    def chunks(self, start: int = 0) -> Generator[bytes, None, None]:
        """Yield the decompressed bytes in pieces of ``CHUNK_SIZE``; only the last may be shorter.

        From an offset ``start`` on, the pieces end where they do without it, so the first one may be shorter, too.
        Only bytes that are not compressed can be read from an offset.
        """
        with self._open() as stored, self._stream(stored, start) as stream:
            size = CHUNK_SIZE - start % CHUNK_SIZE
            while chunk := self._read(stream, size):
                yield chunk
                size = CHUNK_SIZE

    def head(self) -> bytes:
        """Return the first ``CHUNK_SIZE`` decompressed bytes; fewer if there are no more."""
        with closing(self.chunks()) as chunks:
            return next(chunks, b"")

    def tail(self, size: int) -> tuple[bytes, int]:
        """Return at least the last ``size`` decompressed bytes, fewer if there are no more, and their offset."""
        if self.compression() is NONE:
            with self._open() as stored:
                start = max(0, stored.seek(0, os.SEEK_END) - size)
                stored.seek(start)
                return stored.read(), start
        last, end = b"", 0
        for chunk in self.chunks():
            last, end = last[-size:] + chunk, end + len(chunk)
        return last, end - len(last)

    def _stream(self, stored: io.BufferedReader, start: int) -> io.BufferedIOBase:
        if start:
            stored.seek(start)
            return stored
        return detect_compression(stored.peek()).decompressed(stored)

    def _open(self) -> io.BufferedReader:
        try:
            return self.opened()
        except OSError as error:
            raise unreadable(self.name, error) from error

    def _read(self, stream: io.BufferedIOBase, size: int = CHUNK_SIZE) -> bytes:
        try:
            return stream.read(size)
        except CompressionError as error:
            raise InputError(str(error), source=self.name, cure=error.cure) from error
        except OSError as error:
            raise InputError(
                f"cannot be read to its end: {reason_of(error)}", source=self.name, cure="copy it to another disk"
            ) from error


def stored_file(name: str, path: Path) -> RawInput:
    """Return the input for a regular file; opening it after the file has changed raises ``InputError``.

    Raise ``OSError`` when the file does not exist or cannot be accessed.
    """
    known = _identity(path.stat())

    def opened() -> io.BufferedReader:
        file: io.BufferedReader = io.BufferedReader(io.FileIO(path, opener=open_regular))
        if _identity(os.fstat(file.fileno())) != known:
            file.close()
            raise InputError(
                "has changed since it was first read",
                source=name,
                cure="run the same command again once nothing writes to it",
            )
        return file

    return RawInput(name, opened)


def unreadable(name: str, error: OSError) -> InputError:
    """Return the error for an input that the operating system cannot open."""
    return InputError(f"cannot be opened: {reason_of(error)}", source=name, cure="check its name and permissions")


def reason_of(error: OSError) -> str:
    """Return the operating system's reason in lower case, for use within a sentence."""
    return os_reason(error).lower()


def _identity(stat: os.stat_result) -> tuple[int, int, int, int]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
