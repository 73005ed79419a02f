"""What a SQLite ledger knows of each account of a job for many."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from provisioner.ledger import shapes
from provisioner.ledger.account_reading import AccountActivity, AccountErrorCount
from provisioner.models import AttemptRecord


class SqliteAccountReader:
    """``AccountReader`` of a SQLite file; ``AccountReader`` documents the methods.

    ``lines`` yields the checked rows of a query of a reader, by its name, the shape of its rows and parameters.
    """

    def __init__(self, lines: Callable[..., Iterator[tuple[Any, ...]]]) -> None:
        self._lines = lines

    def error_counts(self) -> Sequence[AccountErrorCount]:
        """Return the number of rows for each account, status and error code."""
        lines = self._lines("account_error_counts", shapes.ACCOUNT_ERROR_COUNT)
        return [AccountErrorCount(*line) for line in lines if line[0] is not None]

    def activity(self, run: int, since: float) -> Sequence[AccountActivity]:
        """Return what run number ``run`` (from 1) has sent in each account, in all and after ``since``."""
        lines = self._lines("account_activity", shapes.ACCOUNT_ACTIVITY, run, since)
        return [AccountActivity(*line) for line in lines]

    def attempts(self, step: str) -> Iterator[tuple[str, AttemptRecord]]:
        """Yield the attempts of one step with the SID of their account."""
        for account_sid, *attempt in self._lines("account_attempts", shapes.ACCOUNT_ATTEMPT, step):
            yield account_sid, AttemptRecord(*attempt)
