"""Read-only access to a PostgreSQL ledger, during a run or afterwards, from code that does not await."""

from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import starmap
from typing import Any, TypeVar

import asyncpg

from provisioner.errors import LedgerError
from provisioner.ledger.notes import JobNotes
from provisioner.ledger.postgres import errors, queries, schema
from provisioner.ledger.postgres.account_reader import PostgresAccountReader
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.loop_thread import LoopThread
from provisioner.ledger.postgres.report_reader import PostgresReportReader
from provisioner.ledger.postgres.shared_run import worker_states
from provisioner.ledger.reading import (
    MOST_RECENT,
    ErrorCount,
    ErrorExample,
    InvalidRow,
    Orphan,
    RowStatus,
    RunActivity,
    RunRecord,
)
from provisioner.ledger.report_reading import CreatedRow
from provisioner.ledger.row_codec import decode_run_note
from provisioner.ledger.shapes import decode_settings, result_form
from provisioner.ledger.sharing import WorkerState
from provisioner.ledger.sql_files import read_statements
from provisioner.models import (
    AttemptRecord,
    Counts,
    Fingerprint,
    Manifest,
    MessageCounts,
    Problem,
    Result,
    SettingsCounts,
    Status,
    VanishedResult,
)

T = TypeVar("T")
_READ = read_statements(__package__, "read")
_OPEN = read_statements(__package__, "open")
_BATCH = 2_000
"""Lines of a query's result that are fetched together; no more of it is in memory."""


class PostgresLedgerReader:
    """``LedgerReader`` of a PostgreSQL ledger; ``LedgerReader`` documents the methods.

    Each iterator has a connection of its own, for one consistent snapshot, until it is exhausted or closed.
    """

    def __init__(self, address: PostgresAddress, thread: LoopThread, connection: asyncpg.Connection) -> None:
        self._address, self._thread, self._connection = address, thread, connection

    @property
    def manifest(self) -> Manifest:
        """The job that the ledger belongs to. Raise ``LedgerError`` when no job was started in it."""
        manifest = self._ask(schema.read_job_manifest)
        if manifest is None:
            raise LedgerError(f"{self._address.shown} has no job yet", cure="run a job with this ledger first")
        return manifest

    def has_job(self) -> bool:
        """Return whether a job was started in the ledger."""
        return self._ask(schema.read_job_manifest) is not None

    def has_accounts(self) -> bool:
        """Return whether the job sends each row in the account that the row names."""
        return self.has_job() and self.manifest.has_accounts

    def counts(self) -> Counts:
        """Return the number of rows of the current input by status, including pending and in-flight rows."""
        return self._ask(queries.count_rows)

    def account_counts(self) -> Mapping[str, Counts]:
        """Return the counts of each account of a job for many; empty for a ledger before version 2."""
        return self._ask(queries.count_accounts)

    @property
    def accounts(self) -> PostgresAccountReader:
        """What is known of each account of a job for many."""
        return PostgresAccountReader(self._all, self._lines)

    @property
    def report(self) -> PostgresReportReader:
        """What a report needs of many rows."""
        return PostgresReportReader(self._all, self._lines)

    def message_counts(self) -> MessageCounts:
        """Return the number of first messages by status, for the created rows of the current input."""
        return self._ask(queries.count_messages)

    def history_counts(self) -> MessageCounts:
        """Return the number of messages of histories by status, for the created rows of the current input."""
        return self._ask(queries.count_histories)

    def settings_counts(self) -> SettingsCounts:
        """Return the number of settings by status, for the created rows of the current input."""
        return self._ask(queries.count_settings)

    def fingerprints(self) -> Sequence[Fingerprint]:
        """Return the fingerprints of the planned input files; an empty sequence before the first plan."""
        return self._ask(queries.sources)

    def notes(self) -> JobNotes:
        """Return the notes that earlier runs stored."""
        return self._ask(queries.job_notes)

    def asked(self) -> dict[str, str]:
        """Return the last run's options that are not part of the job's settings; empty before the first run."""
        with errors.translated(self._address):
            return decode_settings(self.notes().asked or "{}")

    def require_sids(self) -> None:
        """Raise ``LedgerError`` when a created row has no valid conversation SID."""
        self._ask(queries.require_conversations)

    def results(self) -> Iterator[Result]:
        """Yield one result for each record of the current input, in input order; see ``LedgerReader``."""
        form = result_form(has_accounts=(has_accounts := self.has_accounts()))
        return starmap(form.record, self._lines("account_results" if has_accounts else "results"))

    def vanished_results(self) -> Iterator[VanishedResult]:
        """Yield the results of the rows that are no longer in the input; see ``LedgerReader``."""
        form = result_form(has_accounts=(has_accounts := self.has_accounts()))
        lines = self._lines("account_vanished" if has_accounts else "vanished")
        return (form.vanished(None, None, None, *line) for line in lines)

    def conversations(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the conversation SIDs of the created rows with these keys."""
        return dict(map(tuple, self._all("conversations", list(keys))))

    def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return which of these conversations belong to rows."""
        return {sid for (sid,) in self._all("assigned", list(conversation_sids))}

    def statuses(self) -> Iterator[RowStatus]:
        """Yield number, status and error of every row that ``results`` yields, in the same order."""
        return map(RowStatus._make, self._lines("statuses"))

    def error_counts(self) -> Sequence[ErrorCount]:
        """Return the number of rows for each status and error code, the most frequent first."""
        return [ErrorCount(*line) for line in self._all("error_counts")]

    def error_examples(self, first: int) -> Sequence[ErrorExample]:
        """Return the ``first`` rows of each status and error code, in input order, the most frequent code first.

        Rows that still wait for their turn have no error.
        """
        return [ErrorExample(*line) for line in self._all("error_examples", first)]

    def attempts(self, step: str, *, since_run: int = 0) -> Iterator[AttemptRecord]:
        """Yield the attempts of one step (``create`` or ``message``), in the order in which they were recorded.

        Attempts of runs before run number ``since_run`` are omitted; see ``last_run``.
        """
        return map(AttemptRecord._make, self._lines("attempts", step, since_run))

    def last_run(self) -> int:
        """Return the number of the most recent run, 0 when there was none."""
        return int(self._all("last_run")[0][0])

    def created(self, account_sid: str = "") -> Iterator[CreatedRow]:
        """Yield the created rows of the current input, in input order, or those in the account ``account_sid``."""
        lines = self._lines("created_in_account", account_sid) if account_sid else self._lines("created")
        return map(CreatedRow._make, lines)

    def shared(self) -> set[str]:
        """Return the SIDs of conversations that are recorded for more than one created row."""
        return {sid for (sid,) in self._all("shared")}

    def orphans(self) -> Sequence[Orphan]:
        """Return the attempts that may have left a conversation without a customer, the oldest first."""
        return [Orphan(*line) for line in self._all("orphans")]

    def runs(self) -> Sequence[RunRecord]:
        """Return every execution of the command, the oldest first."""
        with errors.translated(self._address):
            return [
                RunRecord(run_id, started, ended, exit_code, version, pid, decode_run_note(note))
                for run_id, started, ended, exit_code, version, pid, note in self._all("runs")
            ]

    def activity(self, run: int) -> RunActivity:
        """Return what run number ``run`` (from 1) has done so far."""
        ((rows, last_ended),) = self._all("activity", run)
        return RunActivity(rows, last_ended, tuple(sent for (sent,) in self._all("recent", run, MOST_RECENT)))

    def input_rows(self) -> Sequence[int]:
        """Return the number of records of each input file, in the order of ``fingerprints``."""
        return [rows for (rows,) in self._all("input_rows")]

    def invalid(self, limit: int | None = None) -> Iterator[InvalidRow]:
        """Yield the records that cannot be sent, at most ``limit`` (None: all), in input order."""
        return (
            InvalidRow(row, line, source, key, tuple(Problem(*problem) for problem in problems))
            for row, line, source, key, problems in self._lines("invalid", limit)
        )

    def problems(self) -> Iterator[tuple[int, Problem]]:
        """Yield the problems of all invalid records with their input row numbers, in input order."""
        return ((row, Problem(*problem)) for row, *problem in self._lines("all_problems"))

    def first_rows(self, statuses: Collection[Status], limit: int) -> Sequence[int]:
        """Return the input row numbers of the first ``limit`` valid rows with one of these statuses, in order."""
        return [row for (row,) in self._all("first_rows", [each.value for each in statuses], limit)]

    def is_unsent(self) -> bool:
        """Return whether Twilio has certainly processed nothing of the job; see ``LedgerReader``."""
        return bool(self._ask(lambda connection: connection.fetchval(_OPEN["is_unsent"])))

    def is_held(self) -> bool:
        """Return whether a run holds this ledger's lock now."""
        key = self._address.lock_key
        return bool(self._ask(lambda connection: connection.fetchval(_OPEN["is_locked"], key)))

    def held_since(self) -> float | None:
        """Return when the run that holds this ledger's lock took it, in Unix seconds; None without one."""
        if not self.is_held():
            return None
        started: float | None = self._ask(lambda connection: connection.fetchval(_OPEN["last_worker"]))
        return started

    def workers(self) -> Sequence[WorkerState]:
        """Return the workers of the current shared run, in the order in which they joined."""
        return self._ask(worker_states)

    def _all(self, name: str, *parameters: Any) -> Sequence[Sequence[Any]]:
        lines: Sequence[Sequence[Any]] = self._ask(lambda connection: connection.fetch(_READ[name], *parameters))
        return lines

    def _ask(self, query: Callable[[asyncpg.Connection], Coroutine[Any, Any, T]]) -> T:
        with errors.translated(self._address):
            return self._thread.result_of(query(self._connection))

    def _lines(self, name: str, *parameters: Any) -> Iterator[Sequence[Any]]:
        """Yield the lines of a query from one snapshot, a batch in memory."""
        with errors.translated(self._address):
            connection = self._thread.open(self._address)
        try:
            with errors.translated(self._address):
                cursor = self._thread.result_of(_cursor(connection, _READ[name], parameters))
            while True:
                with errors.translated(self._address):
                    batch: Sequence[Sequence[Any]] = self._thread.result_of(cursor.fetch(_BATCH))
                if not batch:
                    return
                yield from batch
        finally:
            self._thread.close(connection)


async def _cursor(connection: asyncpg.Connection, statement: str, parameters: Sequence[Any]) -> Any:
    """Return a cursor at the server, in a transaction that ends with the connection."""
    await connection.transaction(isolation="repeatable_read", readonly=True).start()
    return await connection.cursor(statement, *parameters)


@contextmanager
def open_postgres_reader(address: PostgresAddress) -> Iterator[PostgresLedgerReader]:
    """Open a PostgreSQL ledger for reading. Raise ``LedgerError`` when it is not there, or none of ours."""
    with LoopThread() as thread:
        with errors.translated(address):
            connection = thread.open(address)
            if not thread.result_of(schema.require_schema(connection, address)):
                raise errors.missing(address)
        yield PostgresLedgerReader(address, thread, connection)


def is_there(address: PostgresAddress) -> bool:
    """Return whether the database has the job of an address. Raise ``LedgerError`` when it cannot be asked."""
    with LoopThread() as thread, errors.translated(address):
        return bool(thread.result_of(schema.require_schema(thread.open(address), address)))
