"""Set of row IDs of a ledger, which are dense: a bit for each of many, where a set takes 80 bytes."""

_BITS = 10
"""Binary logarithm of the number of IDs whose bits are kept together."""
_LAST = (1 << _BITS) - 1


class RowIds:
    """Set of IDs of rows."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, int] = {}

    def __contains__(self, row_id: int) -> bool:
        return bool(self._pages.get(row_id >> _BITS, 0) >> (row_id & _LAST) & 1)

    def add(self, row_id: int) -> None:
        """Add an ID."""
        page = row_id >> _BITS
        self._pages[page] = self._pages.get(page, 0) | 1 << (row_id & _LAST)

    def remove(self, row_id: int) -> None:
        """Remove an ID that is in the set."""
        page = row_id >> _BITS
        left = self._pages[page] ^ 1 << (row_id & _LAST)
        if left:
            self._pages[page] = left
        else:
            del self._pages[page]
