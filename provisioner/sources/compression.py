"""Compressed inputs, told by their first bytes and never by their names."""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from .zstd import ZstdReader

DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error)
"""What reading compressed bytes raises when they are cut or damaged."""


@dataclass(frozen=True, slots=True)
class Compression:
    """One way of compressing: how it is recognised and undone.

    ``decompressed`` raises ``ImportError`` where that takes an extra, of the same name, that is not installed.
    """

    name: str
    magic: re.Pattern[bytes]
    decompressed: Callable[[io.BufferedReader], io.BufferedIOBase]


def _gunzipped(stored: io.BufferedReader) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=stored, mode="rb")


def _unpacked(stored: io.BufferedReader) -> io.BufferedIOBase:
    return io.BufferedReader(ZstdReader(stored))


NONE = Compression("none", re.compile(b""), lambda stored: stored)
_KNOWN = (
    Compression("gzip", re.compile(rb"\x1f\x8b"), _gunzipped),
    Compression("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.BZ2File),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile),
    Compression("zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _unpacked),
)


def compression_of(head: bytes) -> Compression:
    """Recognise a compression by the first ten bytes or more of a file."""
    return next((known for known in _KNOWN if known.magic.match(head)), NONE)
