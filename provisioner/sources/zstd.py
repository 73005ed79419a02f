"""Reading zstd with a library that has no file of its own: cut and damaged files are told from whole ones."""

import io
from typing import Any

_PIECE_SIZE = 1024
"""Few bytes at a time, because each of them may stand for 32 KiB."""


class ZstdReader(io.RawIOBase):
    """The decompressed bytes of one frame after the other.

    Construction raises ``ImportError`` when the library, an extra, is not installed; reading raises ``OSError``
    for bytes that are no zstd, and ``EOFError`` where they end too early.
    """

    def __init__(self, stored: io.BufferedReader) -> None:
        super().__init__()
        import zstandard  # noqa: PLC0415 - an extra

        self._stored = stored
        self._opened = zstandard.ZstdDecompressor().decompressobj
        self._error = zstandard.ZstdError
        self._frame = self._opened()
        self._is_within = True
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the next piece reaches."""
        while not self._left:
            piece = self._stored.read(_PIECE_SIZE)
            if not piece:
                if self._is_within:
                    raise EOFError
                return 0
            self._left = memoryview(self._decompressed(piece))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _decompressed(self, piece: bytes) -> bytes:
        texts = []
        while piece:
            if self._frame.eof:
                self._frame = self._opened()
            try:
                texts.append(self._frame.decompress(piece))
            except self._error as error:
                raise OSError from error
            piece = self._frame.unused_data
        self._is_within = not self._frame.eof
        return b"".join(texts)
