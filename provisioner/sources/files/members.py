"""Decompression of files of one or more members: gzip members, bzip2 and xz streams, zstd frames."""

import io
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

_CUT = "cannot be read to its end: it is cut short or damaged"
_EXPORT_AGAIN = "copy or export it again"
_DENSE, _DENSE_PIECE_SIZE = 256 * 1024, 64
"""When one piece gives more than 256 KiB, the following pieces are 64 compressed bytes only, to bound memory."""


class CompressionError(Exception):
    """Raised when compressed data cannot be decompressed to its end; ``cure`` says what the user can do."""

    def __init__(self, message: str = _CUT, *, cure: str = _EXPORT_AGAIN) -> None:
        super().__init__(message)
        self.cure = cure


class Member(Protocol):
    """Protocol of a decompressor of one member: the interface of ``bz2.BZ2Decompressor``."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached and its checksum verified."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Bytes given to ``decompress`` that follow the end of the member; valid once ``eof`` is true."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether ``decompress`` needs more compressed bytes before it can return more data."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take compressed bytes and return decompressed ones, up to ``max_length`` if the library has a limit."""
        ...


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of a file format for its members.

    ``new_member`` returns the decompressor of the next member, and ``raised`` is the exception of that for bytes
    that it cannot decompress. ``fault`` returns the error for such an exception when the data is not damaged but
    not supported, else None. Zeros in a multiple of ``padding`` bytes may follow the last member; 0 allows none.
    ``is_padded_between`` is whether another member may follow such zeros. ``piece_size`` is the number of
    compressed bytes to read at a time.
    """

    new_member: Callable[[], Member]
    raised: type[Exception]
    padding: int
    is_padded_between: bool = False
    piece_size: int = 8 * 1024
    fault: Callable[[Exception], CompressionError | None] = lambda _: None


class MemberReader(io.RawIOBase):
    """Raw stream of the decompressed bytes of all members of a file.

    Reading raises ``CompressionError`` when a member is damaged or cut short, and when it is followed by anything
    but another member or padding, which ``lzma.LZMAFile`` and ``bz2.BZ2File`` would ignore.
    """

    def __init__(self, stored: io.BufferedReader, container: Container) -> None:
        super().__init__()
        self._stored = stored
        self._container = container
        self._member = container.new_member()
        self._ahead = b""
        self._left = memoryview(b"")
        self._piece_size = container.piece_size

    def readable(self) -> bool:
        """Return True: the stream can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Copy decompressed bytes of the next piece into ``buffer`` and return their number; 0 at the end."""
        left = self._left
        while not left:
            if self._member.eof and not self._found_next():
                return 0
            left = memoryview(self._decompressed(len(buffer)))
            if len(left) > _DENSE:
                self._piece_size = _DENSE_PIECE_SIZE
        size = min(len(buffer), len(left))
        buffer[:size] = left[:size]
        self._left = left[size:]
        return size

    def _decompressed(self, size: int) -> bytes:
        ahead, self._ahead = self._ahead, b""
        data = ahead or self._piece()
        try:
            return self._member.decompress(data, size)
        except self._container.raised as error:
            # With ``ahead``, these bytes follow a complete member and are not the start of another.
            otherwise = _trailing() if ahead else CompressionError()
            raise self._container.fault(error) or otherwise from error

    def _piece(self) -> bytes:
        if not self._member.needs_input:
            return b""
        if not (piece := self._stored.read(self._piece_size)):
            raise CompressionError
        return piece

    def _found_next(self) -> bool:
        """Start the next member if there is one, and return whether there is."""
        following = self._member.unused_data
        if not following or following[0] == 0:
            following = self._behind_padding(following)
        if following:
            self._member, self._ahead = self._container.new_member(), following
        return bool(following)

    def _behind_padding(self, data: bytes) -> bytes:
        """Return the bytes after the padding that ``data`` starts with; empty at the end of the file."""
        zeros = 0
        while True:
            following = data.lstrip(b"\0")
            zeros += len(data) - len(following)
            if following or not (data := self._stored.read(self._piece_size)):
                break
        unit = self._container.padding
        if zeros and (not unit or zeros % unit or (following and not self._container.is_padded_between)):
            raise _trailing()
        return following


def _trailing() -> CompressionError:
    return CompressionError(
        "has something after its compressed data that is not compressed in the same way",
        cure="copy or export it again; if it was put together of several files, unpack each of them first",
    )
