"""The thread that owns a ledger's connection, and commits whatever waits for it as one.

A commit costs an fsync, hundreds of times what a row in it costs. So the loop hands over at once what a whole
round of it has asked for, and the thread takes everything that has queued up behind the last commit into the next
one: the busier the run, the larger the commits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
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

WriteStep = tuple[str | BulkStatement, Sequence[Any]]
"""A statement, or what can be written for many rows at once, with its values."""
T = TypeVar("T")


class _Write(NamedTuple):
    future: asyncio.Future[None]
    steps: tuple[WriteStep, ...]
    is_intent: bool


@dataclass(slots=True, eq=False)
class _Call(Generic[T]):
    future: asyncio.Future[T]
    function: Callable[[sqlite3.Connection], T]
    is_last: bool = False


class Writer:
    """Carries out operations in the order they were asked for; to be made and asked on one event loop.

    An operation that was asked for happens, whether or not anybody still waits for it. Once a write has failed no
    intent is written any more: what remains of the disk may hold an intent, and not the outcome that came before.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._checkpointer, self._guard = WalCheckpointer(connection), FileGuard(path)
        self._loop = asyncio.get_running_loop()
        self._asked: list[_Write | _Call[Any]] = []
        self._queue: SimpleQueue[list[_Write | _Call[Any]]] = SimpleQueue()
        self._failure: Exception | None = None
        Thread(target=self._run, name="ledger-writer", daemon=True).start()

    def write(self, *steps: WriteStep, is_intent: bool = False) -> asyncio.Future[None]:
        """Return what is done when the steps are on disk, all of them or (with an error) none.

        ``is_intent`` says that something may be sent once they are.
        """
        future = self._loop.create_future()
        self._ask(_Write(future, steps, is_intent))
        return future

    def call(self, function: Callable[[sqlite3.Connection], T], *, is_last: bool = False) -> asyncio.Future[T]:
        """Return what the function will return, called on the thread; it opens its own transactions."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._ask(_Call(future, function, is_last))
        return future

    def _ask(self, operation: _Write | _Call[Any]) -> None:
        """Hand an operation over at the end of the loop's round, with all that come in it."""
        if not self._asked:
            self._loop.call_soon(self._hand_over)
        self._asked.append(operation)

    def _hand_over(self) -> None:
        asked, self._asked = self._asked, []
        self._queue.put(asked)

    def _run(self) -> None:
        """Carry out operations until the last one; where that fails unforeseen, let none wait for ever."""
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._refuse(error)

    def _refuse(self, error: BaseException) -> None:
        """Fail every operation that is still asked for."""
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
        """Wait for an operation, then take it and all that wait behind it."""
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
                    execute_steps(self._connection, chain.from_iterable([write.steps for write in writes]))
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            if len(writes) == 1:
                self._failure = self._failure or error
                self._answer(_fail, writes[0].future, error)
                return
            for write in writes:  # one at a time, so that what can be saved is
                self._commit([write])
        else:
            self._answer(_finish, [write.future for write in writes])

    def _perform(self, call: _Call[T]) -> None:
        try:
            with translate_errors(self._path):
                result = call.function(self._connection)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            self._answer(_fail, call.future, error)
        else:
            self._answer(_return, call.future, result)

    def _answer(self, callback: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(callback, *arguments)


def _is_intent(write: _Write) -> bool:
    return write.is_intent


def execute_steps(connection: sqlite3.Connection, steps: Iterable[WriteStep]) -> None:
    """Carry steps out as if one by one; what can be written for many rows at once is."""
    batch = Batch(connection)
    for what, values in steps:
        if isinstance(what, BulkStatement):
            batch.add(what, values)
        else:
            batch.write()
            connection.execute(what, values)
    batch.write()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back by itself after some failures
            connection.execute("ROLLBACK")
        raise


def _finish(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        _return(future, None)


def _return(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
