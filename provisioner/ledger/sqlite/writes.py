"""Writes that wait for their commit: those for rows in columns, and all others as lists of statements.

Almost all writes of a run are intents and outcomes of rows. So these are not objects that are handled one by one:
their values stand in one list for each kind, which ``Batch`` takes as it is, and their futures in another.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeVar

from provisioner.ledger.sqlite.batch import Batch, BulkStatement
from provisioner.models import SharedConversation

WriteStep = tuple[str, Sequence[Any]]
"""SQL statement with its values."""
T = TypeVar("T")


class Writes(Protocol):
    """Writes that share a transaction with others. Each has a future that completes when it is on disk."""

    @property
    def is_intent(self) -> bool:
        """Whether a single write records an intent to send a request."""
        ...

    @property
    def futures(self) -> Sequence[asyncio.Future[Any]]:
        """The futures of all writes."""
        ...

    def singles(self) -> Sequence["Writes"]:
        """Return each write alone, in the order in which they are executed."""
        ...

    def execute(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """Execute the writes after those that the batch has collected, or let it collect them, too."""
        ...

    def finish(self, shared: Mapping[int, SharedConversation]) -> None:
        """Complete the futures; ``shared`` has the created rows that were recorded otherwise, by row ID."""
        ...


class StatementWrite:
    """One write of some statements."""

    __slots__ = ("_steps", "futures", "is_intent")

    def __init__(self, future: asyncio.Future[Any], steps: Sequence[WriteStep], *, is_intent: bool) -> None:
        self.futures, self._steps, self.is_intent = [future], steps, is_intent

    def singles(self) -> Sequence[Writes]:
        """Return the write."""
        return [self]

    def execute(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """Execute the statements after the writes that the batch has collected."""
        batch.write()
        for statement, values in self._steps:
            connection.execute(statement, values)

    def finish(self, _shared: Mapping[int, SharedConversation]) -> None:
        """Complete the future."""
        complete(self.futures, None)


class RowWrites:
    """Writes for different rows: a column of values and a column of futures for each ``BulkStatement``."""

    __slots__ = ("_futures", "_values", "rows")

    def __init__(self) -> None:
        self.rows: set[int] = set()
        """IDs of the rows, each of which has one write here."""
        self._values: Sequence[list[Sequence[Any]]] = ([], [], [])
        self._futures: Sequence[list[asyncio.Future[Any]]] = ([], [], [])

    def add(self, kind: BulkStatement, values: Sequence[Any], future: asyncio.Future[Any]) -> None:
        """Add the write of a row that has none here."""
        self.rows.add(values[0])
        self._values[kind].append(values)
        self._futures[kind].append(future)

    @property
    def is_intent(self) -> bool:
        """Whether an intent is among the writes."""
        return bool(self._values[BulkStatement.BEGIN])

    @property
    def futures(self) -> Sequence[asyncio.Future[Any]]:
        """The futures of all writes."""
        return list(chain.from_iterable(self._futures))

    def singles(self) -> Sequence[Writes]:
        """Return each write alone, in the order of ``BulkStatement``."""
        return list(self._singles())

    def _singles(self) -> Iterator["RowWrites"]:
        for kind in BulkStatement:
            for values, future in zip(self._values[kind], self._futures[kind], strict=True):
                single = RowWrites()
                single.add(kind, values, future)
                yield single

    def execute(self, _connection: sqlite3.Connection, batch: Batch) -> None:
        """Let the batch collect the writes."""
        for kind, values in zip(BulkStatement, self._values, strict=True):
            if values:
                batch.add(kind, values)

    def finish(self, shared: Mapping[int, SharedConversation]) -> None:
        """Complete the futures. A created row that was recorded otherwise has that as its result."""
        kind = BulkStatement.SETTLE_CREATED
        for values, future in zip(self._values[kind], self._futures[kind], strict=True) if shared else ():
            complete([future], shared.get(values[0]))
        for futures in self._futures:
            complete(futures, None)


def complete(futures: Sequence[asyncio.Future[T]], result: T) -> None:
    """Give the futures a result, except those that are done, which nobody waits for."""
    for future in futures:
        if not future.done():
            future.set_result(result)


def fail(futures: Sequence[asyncio.Future[Any]], error: BaseException) -> None:
    """Give the futures an exception, except those that are done."""
    for future in futures:
        if not future.done():
            future.set_exception(error)
