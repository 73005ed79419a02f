"""Compression of inputs, detected by their first bytes and never by their names."""

import bz2
import io
import lzma
import re
import zlib
from collections.abc import Callable
from typing import Any

import msgspec

from .members import CompressionError, Container, MemberReader

_LARGEST_WINDOW = 128 * 1024**2
"""Largest decompression window in bytes, which is kept in memory.

It is the limit of ``zstd -d`` without options, and twice the window of ``xz -9``.
"""
_BUFFER_SIZE = 64 * 1024
_XZ_OVERHEAD = 2 * 1024**2
_GZIP_HEADER = 16 + zlib.MAX_WBITS
"""Value of ``wbits`` for data with the header and trailer of gzip (documentation of ``zlib``)."""
_ZSTD_PIECE_SIZE = 1024
"""Compressed bytes per call. Few, because the library has no output limit: one byte may give up to 32 KiB."""


class Compression(msgspec.Struct, frozen=True):
    """Compression format: the pattern of its first bytes, and the function that decompresses a stream.

    Reading the stream that ``decompressed`` returns raises ``CompressionError`` for data that it cannot read.
    """

    name: str
    magic: re.Pattern[bytes]
    decompressed: Callable[[io.BufferedReader], io.BufferedIOBase]


class _GzipDecompressor:
    """Decompressor of one gzip member, with the interface of ``bz2.BZ2Decompressor``."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=_GZIP_HEADER)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _Frames:
    """Decompressor of consecutive zstd frames, with the interface of ``bz2.BZ2Decompressor``.

    ``max_length`` is ignored, since the library has no such limit.
    """

    needs_input = True
    unused_data = b""

    def __init__(self, new_frame: Callable[[], Any]) -> None:
        self._new_frame = new_frame
        self._frame = new_frame()

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        texts = []
        while data:
            if self._frame.eof:
                self._frame = self._new_frame()
            texts.append(self._frame.decompress(data))
            data = self._frame.unused_data
        return b"".join(texts)


def _new_xz_stream() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LARGEST_WINDOW + _XZ_OVERHEAD)


def _xz_fault(error: Exception) -> CompressionError | None:
    return _too_large_a_window("xz -d") if "limit exceeded" in str(error) else None


def _zstd_fault(error: Exception) -> CompressionError | None:
    if "too much memory" in str(error):
        return _too_large_a_window("zstd -d --long=31")
    if "Dictionary" in str(error):
        return CompressionError(
            "is compressed with a dictionary of its own", cure="unpack it first, with zstd -d -D DICTIONARY"
        )
    return None


def _too_large_a_window(command: str) -> CompressionError:
    return CompressionError(
        f"needs more than {_LARGEST_WINDOW // 1024**2} MiB of memory to be unpacked",
        cure=f"unpack it first, with {command}",
    )


_GZIP = Container(new_member=_GzipDecompressor, raised=zlib.error, padding=1)
_BZIP2 = Container(new_member=bz2.BZ2Decompressor, raised=OSError, padding=1)
_XZ = Container(
    new_member=_new_xz_stream, raised=lzma.LZMAError, padding=4, is_padded_between=True, fault=_xz_fault
)


def _zstd() -> Container:
    import zstandard  # noqa: PLC0415 - loaded for its files

    decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    return Container(
        new_member=lambda: _Frames(decompressor.decompressobj),
        raised=zstandard.ZstdError,
        padding=0,
        piece_size=_ZSTD_PIECE_SIZE,
        fault=_zstd_fault,
    )


def _reader(container: Callable[[], Container]) -> Callable[[io.BufferedReader], io.BufferedIOBase]:
    return lambda stored: io.BufferedReader(MemberReader(stored, container()), _BUFFER_SIZE)


NONE = Compression("none", re.compile(b""), lambda stored: stored)
"""Compression of bytes that are not compressed."""
_KNOWN = (
    Compression("gzip", re.compile(rb"\x1f\x8b"), _reader(lambda: _GZIP)),
    Compression("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), _reader(lambda: _BZIP2)),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), _reader(lambda: _XZ)),
    Compression("zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _reader(_zstd)),
)


def detect_compression(head: bytes) -> Compression:
    """Return the compression of a file by its first bytes, of which ten suffice; ``NONE`` for none."""
    return next((known for known in _KNOWN if known.magic.match(head)), NONE)
