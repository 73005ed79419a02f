"""Compressed inputs, told by their first bytes and never by their names."""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error)
"""What reading compressed bytes raises when they are cut or damaged."""


@dataclass(frozen=True, slots=True)
class Compression:
    """One way of compressing: how it is recognised and undone."""

    name: str
    magic: re.Pattern[bytes]
    decompressed: Callable[[io.BufferedReader], io.BufferedIOBase]


def _gunzipped(stored: io.BufferedReader) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=stored, mode="rb")


NONE = Compression("none", re.compile(b""), lambda stored: stored)
_KNOWN = (
    Compression("gzip", re.compile(rb"\x1f\x8b"), _gunzipped),
    Compression("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.BZ2File),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile),
)


def compression_of(head: bytes) -> Compression:
    """Recognise a compression by the first ten bytes or more of a file."""
    return next((known for known in _KNOWN if known.magic.match(head)), NONE)
