"""Writer thread of a ledger: it owns the connection and commits all waiting writes in one transaction.

A commit costs an fsync, which takes hundreds of times as long as a row in it. So the writes of one iteration of
the event loop are passed to the thread together, and the thread commits everything that was queued during the
last commit: the busier the run, the larger the commits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, filterfalse, groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, NamedTuple, TypeVar

from provisioner.ledger.sqlite.batch import Batch, BulkStatement
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.ledger.sqlite.file_guard import FileGuard
from provisioner.ledger.sqlite.wal import WalCheckpointer
from provisioner.models import SharedConversation

WriteStep = tuple[str | BulkStatement, Sequence[Any]]
"""SQL statement, or kind of batched write, with its values."""
T = TypeVar("T")


class _Write(NamedTuple):
    future: asyncio.Future[Any]
    steps: tuple[WriteStep, ...]
    is_intent: bool


@dataclass(slots=True, eq=False)
class _Call(Generic[T]):
    future: asyncio.Future[T]
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
        self._loop = asyncio.get_running_loop()
        self._asked: list[_Write | _Call[Any]] = []
        self._queue: SimpleQueue[list[_Write | _Call[Any]]] = SimpleQueue()
        self._failure: Exception | None = None
        Thread(target=self._run, name="ledger-writer", daemon=True).start()

    def write(self, *steps: WriteStep, is_intent: bool = False) -> asyncio.Future[Any]:
        """Execute the steps in one transaction; return a future that completes when they are on disk.

        Its result is a ``SharedConversation`` if the first step is a ``SETTLE_CREATED`` that found one, else None.
        It raises ``StorageError`` or ``LedgerError`` when the transaction fails; then no step is on disk.
        ``is_intent`` says that the steps record an intent to send a request.
        """
        future = self._loop.create_future()
        self._ask(_Write(future, steps, is_intent))
        return future

    def call(self, function: Callable[[sqlite3.Connection], T], *, is_last: bool = False) -> asyncio.Future[T]:
        """Call ``function`` with the connection on the writer thread; return a future of its result.

        The function opens its own transactions. After a call with ``is_last``, the thread ends.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._ask(_Call(future, function, is_last))
        return future

    def _ask(self, operation: _Write | _Call[Any]) -> None:
        """Pass the operation to the thread in the next iteration of the event loop, together with all others."""
        if not self._asked:
            self._loop.call_soon(self._hand_over)
        self._asked.append(operation)

    def _hand_over(self) -> None:
        asked, self._asked = self._asked, []
        self._queue.put(asked)

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
            for operation in self._take():
                self._answer(_fail, operation.future, error)
                is_open = is_open and not (isinstance(operation, _Call) and operation.is_last)

    def _serve(self) -> None:
        is_open = True
        while is_open:
            for kind, operations in groupby(self._take(), type):
                if kind is _Write:
                    self._commit(list(operations))
                    continue
                for call in operations:
                    self._perform(call)
                    is_open = is_open and not call.is_last
            if is_open:
                self._checkpointer.checkpoint_if_long()

    def _take(self) -> list[Any]:
        """Wait for an operation; return it together with all operations that are queued."""
        operations: list[Any] = self._queue.get()
        with suppress(Empty):
            while True:
                operations.extend(self._queue.get_nowait())
        return operations

    def _commit(self, writes: list[_Write]) -> None:
        if self._failure is not None:
            for write in filter(_is_intent, writes):
                self._answer(_fail, write.future, self._failure)
            writes = list(filterfalse(_is_intent, writes))
        if writes:
            self._commit_all(writes)

    def _commit_all(self, writes: list[_Write]) -> None:
        try:
            with translate_errors(self._path):
                self._guard.require(self._connection)
                with transaction(self._connection):
                    steps = chain.from_iterable([write.steps for write in writes])
                    shared = execute_steps(self._connection, steps)
        except Exception as error:  # noqa: BLE001 - the future of the write raises it
            if len(writes) == 1:
                self._failure = self._failure or error
                self._answer(_fail, writes[0].future, error)
                return
            for write in writes:  # one transaction each, so that as many as possible are saved
                self._commit([write])
        else:
            self._answer(_finish, writes, shared)

    def _perform(self, call: _Call[T]) -> None:
        try:
            with translate_errors(self._path):
                result = call.function(self._connection)
        except Exception as error:  # noqa: BLE001 - the future of the call raises it
            self._answer(_fail, call.future, error)
        else:
            self._answer(_return, call.future, result)

    def _answer(self, callback: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, so no caller waits
            self._loop.call_soon_threadsafe(callback, *arguments)


def _is_intent(write: _Write) -> bool:
    return write.is_intent


def execute_steps(connection: sqlite3.Connection, steps: Iterable[WriteStep]) -> Mapping[int, SharedConversation]:
    """Execute the steps with the same effect as one after the other; batched writes are executed together.

    Return the created rows whose conversation belongs to another row already, by row ID.
    """
    batch = Batch(connection)
    for what, values in steps:
        if isinstance(what, BulkStatement):
            batch.add(what, values)
        else:
            batch.write()
            connection.execute(what, values)
    batch.write()
    return batch.shared


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


def _finish(writes: Sequence[_Write], shared: Mapping[int, SharedConversation]) -> None:
    for write in writes:
        _return(write.future, _shared_by(write, shared) if shared else None)


def _shared_by(write: _Write, shared: Mapping[int, SharedConversation]) -> SharedConversation | None:
    settled = (values[0] for what, values in write.steps if what is BulkStatement.SETTLE_CREATED)
    return next(filter(None, map(shared.get, settled)), None)


def _return(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
