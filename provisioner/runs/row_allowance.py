"""How many rows a run may still send under ``--limit``."""

from typing import Self


class RowAllowance:
    """Number of rows that a run may still send under ``--limit``, besides those that its first rounds send.

    ``remaining`` is None without a limit. The accounts of a job for many share one allowance. A row that was
    already sent in this run and is sent again counts once. An unknown row of an earlier run counts, too.
    """

    def __init__(self, remaining: int | None) -> None:
        self._remaining = remaining

    @classmethod
    def after(cls, limit: int | None, to_send: int) -> Self:
        """Return what ``limit`` allows after ``to_send`` rows; None is no limit."""
        return cls(None if limit is None else limit - to_send)

    @property
    def is_bounded(self) -> bool:
        """Whether there is a limit."""
        return self._remaining is not None

    def take(self, again: int, new: int) -> int:
        """Return how many of ``again`` rows the next round may send.

        ``new`` is the number of rows of earlier runs among them that the last look-ups have made ready to send.
        """
        if self._remaining is None:
            return again
        if new <= self._remaining:
            self._remaining -= new
            return again
        allowed, self._remaining = max(self._remaining, 0), -1
        return allowed
