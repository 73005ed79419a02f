"""SIDs of conversations without separators: a list of them would take three times the memory."""

from collections.abc import Iterator

_SID_BYTES = len("CH") + 32


def split_sids(sids: bytes | bytearray) -> Iterator[str]:
    """Yield the SIDs in ``sids``."""
    for start in range(0, len(sids), _SID_BYTES):
        yield sids[start : start + _SID_BYTES].decode()
