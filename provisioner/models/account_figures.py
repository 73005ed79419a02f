"""Figures of the accounts of a job for many."""

import msgspec

from .jobs import Counts


class AccountError(msgspec.Struct, frozen=True, kw_only=True):
    """Number of rows of an account with this status and this error code."""

    status: str
    error_code: str
    rows: int


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one account of a job for many.

    ``name`` is the user's name for it, empty where only the ledger is known, which has no names. ``rate`` is in
    starts of creations per second: of the last minute while a run is at work, else over the last run; None where
    too little was sent to tell. ``errors`` are those of its rows, the most frequent first. ``error`` says why a
    run has stopped sending in this account; it is empty when that is not known, or when nothing has.
    """

    account_sid: str
    name: str = ""
    counts: Counts
    rate: float | None = None
    errors: tuple[AccountError, ...] = ()
    error: str = ""

    @property
    def left(self) -> int:
        """Number of rows that wait for their turn or their answer."""
        return self.counts.pending + self.counts.in_flight
