"""Writer thread of a ledger: it owns the connection and commits all waiting writes in one transaction.

A commit costs an fsync, which takes hundreds of times as long as a row in it. So what is asked for in an iteration
of the event loop, and in those that follow without a break, is passed to the thread together. What is asked for
during a commit is passed on after it: the busier the run, the larger the commits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, filterfalse, groupby
from operator import attrgetter
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

import msgspec

from provisioner.ledger.sqlite.batch import MOST, Batch, BulkStatement
from provisioner.ledger.sqlite.conversation_filter import ConversationFilter
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.ledger.sqlite.file_guard import FileGuard
from provisioner.ledger.sqlite.wal import WalCheckpointer
from provisioner.ledger.sqlite.writes import RowWrites, StatementWrite, Writes, WriteStep, complete, fail
from provisioner.models import SharedConversation

T = TypeVar("T")
_ENOUGH = 2 * MOST
"""Operations that are not kept back for more to come."""
_is_intent = attrgetter("is_intent")


class _Call(msgspec.Struct, Generic[T], eq=False):
    futures: Sequence[asyncio.Future[T]]
    function: Callable[[sqlite3.Connection], T]
    is_last: bool = False


class Writer:
    """Executor of database operations on a thread of its own, in the order in which they were requested.

    Create and call it on one event loop. A requested operation is executed, also when the caller was cancelled.
    After a write has failed, every intent fails, too: otherwise a nearly full disk might accept the intent of a
    row and not the outcome that came before it.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._checkpointer, self._guard = WalCheckpointer(connection), FileGuard(path)
        self._conversations = ConversationFilter(connection)
        self._loop = asyncio.get_running_loop()
        self._asked: list[Writes | _Call[Any]] = []
        self._is_busy = False
        self._rows = RowWrites()
        self._queue: SimpleQueue[list[Any]] = SimpleQueue()
        self._failure: Exception | None = None
        Thread(target=self._run, name="ledger-writer", daemon=True).start()

    def write_row(self, kind: BulkStatement, values: Sequence[Any]) -> asyncio.Future[Any]:
        """Execute a write for a row; return a future that completes when it is on disk.

        Its result is a ``SharedConversation`` for a ``SETTLE_CREATED`` that found one, else None. It raises
        ``StorageError`` or ``LedgerError`` when the write fails; then it is not on disk.
        """
        future = self._loop.create_future()
        rows = self._rows
        if not rows.rows or values[0] in rows.rows:  # a row's writes keep their order
            rows = self._rows = RowWrites()
            self._ask(rows)
        rows.add(kind, values, future)
        return future

    def write(self, *steps: WriteStep, is_intent: bool = False) -> asyncio.Future[Any]:
        """Execute the steps in one transaction; return a future that completes when they are on disk.

        It raises ``StorageError`` or ``LedgerError`` when the transaction fails; then no step is on disk.
        ``is_intent`` says that the steps record an intent to send a request.
        """
        future = self._loop.create_future()
        self._rows = RowWrites()
        self._ask(StatementWrite(future, steps, is_intent=is_intent))
        return future

    def call(self, function: Callable[[sqlite3.Connection], T], *, is_last: bool = False) -> asyncio.Future[T]:
        """Call ``function`` with the connection on the writer thread; return a future of its result.

        The function opens its own transactions. After a call with ``is_last``, the thread ends.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._rows = RowWrites()
        self._ask(_Call([future], function, is_last))
        return future

    def _ask(self, operation: Writes | _Call[Any]) -> None:
        """Pass the operation to the thread with all others, in the next iteration of the loop if that is free."""
        if not self._asked and not self._is_busy:
            self._loop.call_soon(self._hand_over, 0)
        self._asked.append(operation)

    def _hand_over(self, before: int) -> None:
        """Pass on what was asked for, once an iteration of the loop adds nothing to what was there ``before``."""
        waiting = len(self._asked) + len(self._rows.rows)
        if before < waiting < _ENOUGH:
            self._loop.call_soon(self._hand_over, waiting)
            return
        self._is_busy = True
        asked, self._asked, self._rows = self._asked, [], RowWrites()
        self._queue.put(asked)

    def _go_on(self) -> None:
        """Note that the thread is free again."""
        self._is_busy = False
        if self._asked:
            self._hand_over(0)

    def _run(self) -> None:
        """Execute operations until the last one. After an unexpected exception, fail all further operations."""
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 - the futures of the operations raise it
            self._refuse(error)

    def _refuse(self, error: BaseException) -> None:
        """Fail every further operation with ``error``, until the last one."""
        is_open = True
        while is_open:
            self._answer(self._go_on)
            for operation in self._queue.get():
                self._answer(fail, operation.futures, error)
                is_open = is_open and not (isinstance(operation, _Call) and operation.is_last)

    def _serve(self) -> None:
        is_open = True
        while is_open:
            for is_call, operations in groupby(self._queue.get(), _is_call):
                if not is_call:
                    self._commit(list(operations))
                    continue
                for call in operations:
                    self._perform(call)
                    is_open = is_open and not call.is_last
            self._answer(self._go_on)
            if is_open:
                self._checkpointer.checkpoint_if_long()

    def _commit(self, writes: list[Writes]) -> None:
        if self._failure is not None:
            writes = _singles(writes)
            for write in filter(_is_intent, writes):
                self._answer(fail, write.futures, self._failure)
            writes = list(filterfalse(_is_intent, writes))
        if writes:
            self._commit_all(writes)

    def _commit_all(self, writes: list[Writes]) -> None:
        try:
            with translate_errors(self._path):
                self._guard.require(self._connection)
                with transaction(self._connection):
                    shared = self._execute(writes)
        except Exception as error:  # noqa: BLE001 - the future of the write raises it
            self._conversations.forget()
            singles = _singles(writes)
            if len(singles) == 1:
                self._failure = self._failure or error
                self._answer(fail, singles[0].futures, error)
                return
            for write in singles:  # one transaction each, so that as many as possible are saved
                self._commit([write])
        else:
            self._answer(_finish, writes, shared)

    def _execute(self, writes: Sequence[Writes]) -> Mapping[int, SharedConversation]:
        """Execute the writes with the same effect as one after the other; those for rows are executed together.

        Return the created rows whose conversation belongs to another row already, by row ID.
        """
        batch = Batch(self._connection, self._conversations)
        for each in writes:
            each.execute(self._connection, batch)
        batch.write()
        return batch.shared

    def _perform(self, call: _Call[T]) -> None:
        try:
            with translate_errors(self._path):
                result = call.function(self._connection)
        except Exception as error:  # noqa: BLE001 - the future of the call raises it
            self._answer(fail, call.futures, error)
        else:
            self._answer(complete, call.futures, result)

    def _answer(self, callback: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, so no caller waits
            self._loop.call_soon_threadsafe(callback, *arguments)


def _is_call(operation: Writes | _Call[Any]) -> bool:
    return isinstance(operation, _Call)


def _singles(writes: Sequence[Writes]) -> list[Writes]:
    return list(chain.from_iterable([each.singles() for each in writes]))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the context in one transaction: commit it at the end, or roll it back after an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # after some errors SQLite has already rolled back
            connection.execute("ROLLBACK")
        raise


def _finish(writes: Sequence[Writes], shared: Mapping[int, SharedConversation]) -> None:
    for each in writes:
        each.finish(shared)
