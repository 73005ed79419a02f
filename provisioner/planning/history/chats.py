"""Messages of all keys in a temporary file, found by key; the memory is that of an index, not of the messages."""

import os
from array import array
from collections.abc import Sequence
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import BinaryIO, Self

import msgspec

from provisioner.models import HistoryMessage

_HEAD = 8
"""Bytes of the length that stands before each chat."""
_LEAST_SLOTS = 1 << 10
_FULL = 0.6
"""Share of the slots that are in use when the index is made larger."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[bytes, list[HistoryMessage]]).decode


class StoredChats:
    """Chats by key, in a temporary file without a name that only its owner can read.

    The index takes 16 bytes for each slot, about 30 for a key: it is an open-addressing hash table of offsets.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._end = file, 0
        self._used = 0
        self._hashes, self._offsets = array("Q", bytes(8 * _LEAST_SLOTS)), array("Q", bytes(8 * _LEAST_SLOTS))

    @classmethod
    def create(cls, folder: str | None) -> Self:
        """Create an empty file in ``folder``, or in the folder for temporary files. Raise ``OSError``."""
        return cls(TemporaryFile(dir=folder))

    def __len__(self) -> int:
        return self._used

    def add(self, key: str, messages: Sequence[HistoryMessage]) -> None:
        """Store the messages of a key that is not stored yet. Raise ``OSError`` when the disk is full."""
        spelt = _spelt(key)
        block = _encode((spelt, messages))
        self._file.write(len(block).to_bytes(_HEAD, "big") + block)
        if self._used >= _FULL * len(self._hashes):
            self._grow()
        self._put(_hash(spelt), self._end + 1)
        self._used += 1
        self._end += _HEAD + len(block)

    def flush(self) -> None:
        """Make everything readable that was added. Raise ``OSError`` when the disk is full."""
        self._file.flush()

    def find(self, key: str) -> Sequence[HistoryMessage]:
        """Return the messages of a key, none for an unknown one. Call ``flush`` before. Safe from any thread."""
        spelt = _spelt(key)
        for offset in self._offsets_of(_hash(spelt)):
            found, messages = self._read(offset - 1)
            if found == spelt:
                return messages
        return ()

    def __contains__(self, key: str) -> bool:
        if not self._offsets_of(_hash(_spelt(key))):
            return False
        self._file.flush()
        return bool(self.find(key))

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def _read(self, offset: int) -> tuple[bytes, list[HistoryMessage]]:
        descriptor = self._file.fileno()
        size = int.from_bytes(os.pread(descriptor, _HEAD, offset), "big")
        return _decode(os.pread(descriptor, size, offset + _HEAD))

    def _slots_from(self, hashed: int) -> range:
        return range(hashed % len(self._hashes), hashed % len(self._hashes) + len(self._hashes))

    def _offsets_of(self, hashed: int) -> Sequence[int]:
        """Return the offsets, plus 1, of the chats with this hash; a slot with offset 0 is free."""
        found, slots = [], len(self._hashes)
        for place in self._slots_from(hashed):
            if not (offset := self._offsets[place % slots]):
                break
            if self._hashes[place % slots] == hashed:
                found.append(offset)
        return found

    def _put(self, hashed: int, offset: int) -> None:
        slots = len(self._hashes)
        place = next(place % slots for place in self._slots_from(hashed) if not self._offsets[place % slots])
        self._hashes[place], self._offsets[place] = hashed, offset

    def _grow(self) -> None:
        old = [(hashed, offset) for hashed, offset in zip(self._hashes, self._offsets, strict=True) if offset]
        empty = bytes(16 * len(self._hashes))
        self._hashes, self._offsets = array("Q", empty), array("Q", empty)
        for hashed, offset in old:
            self._put(hashed, offset)


def _spelt(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _hash(spelt: bytes) -> int:
    return int.from_bytes(blake2b(spelt, digest_size=8).digest(), "big")
