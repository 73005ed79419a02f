"""What a PostgreSQL ledger knows of each account of a job for many."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from provisioner.ledger.account_reading import AccountActivity, AccountErrorCount
from provisioner.models import AttemptRecord


class PostgresAccountReader:
    """``AccountReader`` of a PostgreSQL ledger; ``AccountReader`` documents the methods.

    ``all_lines`` returns all lines of a query of a reader, by its name and its parameters, ``lines`` yields them
    from a snapshot.
    """

    def __init__(
        self, all_lines: Callable[..., Sequence[Sequence[Any]]], lines: Callable[..., Iterator[Sequence[Any]]]
    ) -> None:
        self._all, self._lines = all_lines, lines

    def error_counts(self) -> Sequence[AccountErrorCount]:
        """Return the number of rows for each account, status and error code."""
        return [AccountErrorCount(*line) for line in self._all("account_error_counts") if line[0] is not None]

    def activity(self, run: int, since: float) -> Sequence[AccountActivity]:
        """Return what run number ``run`` (from 1) has sent in each account, in all and after ``since``."""
        return [AccountActivity(*line) for line in self._all("account_activity", run, since)]

    def attempts(self, step: str) -> Iterator[tuple[str, AttemptRecord]]:
        """Yield the attempts of one step with the SID of their account."""
        for account_sid, *attempt in self._lines("account_attempts", step):
            yield account_sid, AttemptRecord(*attempt)
