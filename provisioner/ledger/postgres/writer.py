"""Queue of writes that commits everything that waits in one statement, and outlives a server that is away.

A commit costs a round trip and an fsync at the server, hundreds of times as much as a row in it. So whatever is
requested during one commit is written by the next one. When the connection is lost, the queue waits until there is
another one, and repeats the commit; the server executes each only once (``write_commit`` in ``schema.sql``).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any, Generic, TypeVar

import asyncpg
import msgspec

from provisioner.errors import LeaseLostError, ProvisionerError
from provisioner.ledger.postgres.commit import Change, Commit, most_changes
from provisioner.ledger.postgres.persistence import ANSWER_S, PersistentServer, Query
from provisioner.ledger.postgres.session import Session
from provisioner.ledger.shared_conversations import shared_conversation
from provisioner.ledger.sql_files import read_statements
from provisioner.models import SharedConversation

T = TypeVar("T")
_RUN = read_statements(__package__, "run")
_QUERY_S = 600.0
"""Seconds for the answer to a query of all rows; then the connection counts as lost."""
_FIRST_ANALYZED = 500
"""Rows that are written before the first ``ANALYZE``; the next ones follow at ten times as many."""


class _QueuedChange(msgspec.Struct, eq=False):
    change: Change
    future: "asyncio.Future[Any]"


@dataclass(slots=True, eq=False)
class _QueuedCall(Generic[T]):
    query: Query[T]
    future: "asyncio.Future[T]"
    limit_s: float | None
    is_last: bool = False


class CommitQueue:
    """Executor of database operations on one connection, in the order in which they were requested.

    A requested operation is executed, also when the caller was cancelled. After a write has failed, every intent
    fails, too. While the server is away, operations wait for up to ``give_up_s`` seconds; then all of them fail
    with ``UnreachableError``.
    """

    def __init__(self, session: Session, *, give_up_s: float) -> None:
        self._session, self._server = session, PersistentServer(session, give_up_s=give_up_s)
        self._queue: deque[_QueuedChange | _QueuedCall[Any]] = deque()
        self._asked = asyncio.Event()
        self._failure: Exception | None = None
        self.on_stopped: Callable[[ProvisionerError], None] = _ignore
        self._written_rows, self._analyze_at = 0, _FIRST_ANALYZED
        self._rows_under_way = 0
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="ledger-writer")

    @property
    def worker(self) -> int:
        """The ID of this process as a worker of the job."""
        return self._session.worker

    @property
    def steady_s(self) -> float:
        """Seconds for which the server was not away, as far as this process has noticed."""
        return self._server.steady_s

    def next_commit(self) -> int:
        """Return the number of a commit that a call executes itself, exactly once; see ``begin_commit``."""
        return self._session.next_commit()

    def stop(self, error: ProvisionerError) -> None:
        """Fail every operation, requested or not yet, with ``error``: this process may write no more."""
        self._failure = self._failure or error
        self._server.stop(error)
        self.on_stopped(error)

    def write(self, change: Change) -> "asyncio.Future[Any]":
        """Request a change; return a future that completes when it is durable.

        Its result is a ``SharedConversation`` for a checked row whose conversation is another row's, else None.
        """
        future = self._loop.create_future()
        self._rows_under_way += change.rows_begun
        self._queue.append(_QueuedChange(change, future))
        self._asked.set()
        return future

    def all_of(self, changes: Sequence[Change]) -> "asyncio.Future[None]":
        """Request changes; return a future that completes when all of them, and what came before, are durable."""
        futures = [self.write(change) for change in changes]
        futures.append(self.call(_nothing))

        async def all_done() -> None:
            await asyncio.gather(*futures)

        return self._loop.create_task(all_done())

    def call(self, query: Query[T], *, is_quick: bool = False) -> "asyncio.Future[T]":
        """Request a call of ``query`` with the connection; return a future of its result.

        It is called again after the connection was lost, so it must not change anything a second time. With
        ``is_quick``, the connection counts as lost after 30 seconds.
        """
        return self._call(query, ANSWER_S if is_quick else _QUERY_S)

    def call_once(self, query: Query[T]) -> "asyncio.Future[T]":
        """Request a call as above that is not repeated, and takes as long as it takes.

        The future raises ``UnreachableError`` when the connection is lost.
        """
        return self._call(query, None)

    def transact(self, *statements: tuple[str, Sequence[Any]], is_intent: bool = False) -> "asyncio.Future[None]":
        """Request the execution of statements in one transaction, exactly once.

        ``is_intent`` says that they record an intent to send a request.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        number: int | None = None

        async def execute(connection: asyncpg.Connection) -> None:
            nonlocal number
            if is_intent and self._failure is not None:
                raise self._failure
            number = number or self._session.next_commit()
            async with connection.transaction():
                if await connection.fetchval(_RUN["begin_commit"], self._session.worker, number, is_intent):
                    for statement, values in statements:
                        await connection.execute(statement, *values)

        self._ask(_QueuedCall(execute, future, ANSWER_S))
        return future

    async def close(self) -> None:
        """Execute the requested operations, without waiting long for a server, then close the connection."""
        self._server.wait_no_longer()
        self._ask(_QueuedCall(_nothing, self._loop.create_future(), ANSWER_S, is_last=True))
        await asyncio.shield(self._task)

    def _call(self, query: Query[T], limit_s: float | None) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = self._loop.create_future()
        self._ask(_QueuedCall(query, future, limit_s))
        return future

    def _ask(self, operation: _QueuedChange | _QueuedCall[Any]) -> None:
        self._queue.append(operation)
        self._asked.set()

    async def _run(self) -> None:
        is_open = True
        try:
            while is_open:
                await self._asked.wait()
                self._asked.clear()
                while self._queue and is_open:
                    first = self._queue[0]
                    if isinstance(first, _QueuedChange):
                        await self._commit(*self._take())
                        continue
                    call = first
                    self._queue.popleft()
                    is_open = not call.is_last
                    if is_open:
                        await self._perform(call)
        finally:
            for operation in self._queue:
                _fail(operation.future, self._failure or self._server.gone())
            await self._session.close()

    def _take(self) -> tuple[list[_QueuedChange], Commit]:
        """Remove and return the writes at the head of the queue that one commit takes, and that commit."""
        commit, writes = Commit(most_changes(self._rows_under_way)), []
        while self._queue:
            write = self._queue[0]
            if not isinstance(write, _QueuedChange) or not commit.takes(write.change):
                break
            self._queue.popleft()
            writes.append(write)
        return writes, commit

    async def _commit(self, writes: list[_QueuedChange], commit: Commit) -> None:
        if self._failure is not None:
            for write in filter(_is_intent, writes):
                _fail(write.future, self._failure)
            writes = list(filterfalse(_is_intent, writes))
            commit = _commit_of([write.change for write in writes])
        if not writes:
            return
        try:
            shared = await self._written([write.change for write in writes], commit)
        except Exception as error:  # noqa: BLE001 - the futures of the writes raise it
            await self._give_back(writes, error)
        else:
            for write in writes:
                _return(write.future, shared.get(write.change.values[0]))
            await self._analyze_after(len(writes))

    async def _analyze_after(self, rows: int) -> None:
        self._written_rows += rows
        if self._written_rows >= self._analyze_at:
            self._analyze_at *= 10
            with suppress(ProvisionerError):  # the next commit meets it, too
                await self._server.execute(_analyze, limit_s=_QUERY_S)

    async def _give_back(self, writes: list[_QueuedChange], error: Exception) -> None:
        """Commit the writes one by one, so that as many as possible are saved; fail the one that cannot be."""
        if isinstance(error, LeaseLostError):
            self.stop(error)
        if len(writes) == 1 or self._server.has_given_up:
            self._failure = self._failure or error
            for write in writes:
                _fail(write.future, error)
            return
        for write in writes:
            await self._commit([write], _commit_of([write.change]))

    async def _written(self, changes: Sequence[Change], commit: Commit) -> dict[int, SharedConversation]:
        """Commit the changes; return the rows whose conversation is another row's, which are settled as that."""
        number = self._session.next_commit()
        arguments = (self._session.worker, number, commit.run, *commit.arguments())
        lines = await self._server.execute(lambda connection: connection.fetch(_RUN["write_commit"], *arguments))
        if not lines:
            return {}
        owners = {line[0]: line for line in lines}
        shared = {
            change.values[0]: shared_conversation(
                owner[1], owner[2], is_same_guest=owner[3], may_share=change.may_share
            )
            for change in changes
            if (owner := owners.get(change.values[0])) is not None
        }
        settled = [change.shared_as(found) for change in changes if (found := shared.get(change.values[0]))]
        await self._written(settled, _commit_of(settled))
        return shared

    async def _perform(self, call: _QueuedCall[T]) -> None:
        try:
            result = await self._server.execute(call.query, limit_s=call.limit_s)
        except Exception as error:  # noqa: BLE001 - the future of the call raises it
            if isinstance(error, LeaseLostError):
                self.stop(error)
            self._failure = self._failure or (error if self._server.has_given_up else None)
            _fail(call.future, error)
        else:
            _return(call.future, result)


def _commit_of(changes: Sequence[Change]) -> Commit:
    commit = Commit()
    for change in changes:
        commit.takes(change)
    return commit


def _is_intent(write: _QueuedChange) -> bool:
    return write.change.is_intent


async def _analyze(connection: asyncpg.Connection) -> None:
    """Let the server look at the tables that have grown: what it has planned for empty ones is slow now."""
    await connection.execute(_RUN["analyze"])


def _ignore(_: ProvisionerError) -> None:
    """Do nothing when the queue is stopped."""


async def _nothing(_: asyncpg.Connection) -> None:
    """Do nothing, in its turn."""


def _return(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
