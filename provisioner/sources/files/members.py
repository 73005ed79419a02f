"""Decompress a file of one or more members: gzip's members, the streams of bzip2 and xz, the frames of zstd."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

_CUT = "cannot be read to its end: it is cut short or damaged"
_EXPORT_AGAIN = "copy or export it again"
_DENSE, _DENSE_PIECE_SIZE = 256 * 1024, 64
"""From so many decompressed bytes of one piece on, the pieces that follow are of so few compressed bytes."""


class CompressionError(Exception):
    """Compressed bytes cannot be decompressed to their end; ``cure`` says what to do about it."""

    def __init__(self, message: str = _CUT, *, cure: str = _EXPORT_AGAIN) -> None:
        super().__init__(message)
        self.cure = cure


class Member(Protocol):
    """Decompresses one member, as ``bz2.BZ2Decompressor`` does.

    ``decompress`` returns at most ``max_length`` bytes where the library has such a limit. ``unused_data`` is what
    was read past the end of the member, once ``eof`` is true.
    """

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached and its checksum is right."""
        ...

    @property
    def unused_data(self) -> bytes:
        """The bytes behind the end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether ``decompress`` can give nothing more without more bytes."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more compressed bytes, and return decompressed ones."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How members are put together into a file.

    ``new_member`` starts the next member, and ``raised`` is what it raises for bytes that it cannot decompress;
    ``fault`` words those that are not damage. ``padding`` is the unit, in bytes, of the zeros that may follow the
    last member; 0 is none. ``is_padded_between`` tells whether a member may follow such zeros. ``piece_size`` is
    how many compressed bytes are read at a time.
    """

    new_member: Callable[[], Member]
    raised: type[Exception]
    padding: int
    is_padded_between: bool = False
    piece_size: int = 8 * 1024
    fault: Callable[[Exception], CompressionError | None] = lambda _: None


class MemberReader(io.RawIOBase):
    """The decompressed bytes of all members of a file, one after the other.

    Reading raises ``CompressionError`` where a member is damaged or cut short, and where anything but another
    member or padding follows one; ``lzma.LZMAFile`` and ``bz2.BZ2File`` ignore what does.
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
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the next piece reaches."""
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
            # Bytes that no member starts with were read as the start of one.
            otherwise = _trailing() if ahead else CompressionError()
            raise self._container.fault(error) or otherwise from error

    def _piece(self) -> bytes:
        if not self._member.needs_input:
            return b""
        if not (piece := self._stored.read(self._piece_size)):
            raise CompressionError
        return piece

    def _found_next(self) -> bool:
        """Start the next member, and say whether there is one."""
        following = self._member.unused_data
        if not following or following[0] == 0:
            following = self._behind_padding(following)
        if following:
            self._member, self._ahead = self._container.new_member(), following
        return bool(following)

    def _behind_padding(self, data: bytes) -> bytes:
        """Return what follows the zeros from ``data`` on; nothing at the end of the file."""
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
