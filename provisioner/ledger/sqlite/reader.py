"""Read-only access to a SQLite ledger, during a run or afterwards."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import starmap
from pathlib import Path
from typing import Any, Never

import msgspec

from provisioner.errors import LedgerError
from provisioner.ledger import shapes
from provisioner.ledger.notes import JobNotes
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
from provisioner.ledger.shapes import OddLine, checked_row, decode_settings
from provisioner.ledger.sqlite import lock, queries, unsent
from provisioner.ledger.sqlite.account_reader import SqliteAccountReader
from provisioner.ledger.sqlite.connections import QuerySignals
from provisioner.ledger.sqlite.counts import (
    read_account_counts,
    read_counts,
    read_history_counts,
    read_message_counts,
    read_settings_counts,
)
from provisioner.ledger.sqlite.database import open_for_reading, read_manifest, version_of
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.ledger.sqlite.job_facts import read_fingerprints, read_notes
from provisioner.ledger.sqlite.report_reader import SqliteReportReader
from provisioner.ledger.sqlite.schema import results_query, vanished_query
from provisioner.ledger.sqlite.sids import require_sids
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

_READ = queries.load_queries("read")
_BATCH = 100
"""Result rows that are fetched and checked together; no more of a query's result is in memory."""


class SqliteLedgerReader:
    """``LedgerReader`` of a SQLite file; ``LedgerReader`` documents the methods."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._signals = QuerySignals(connection)

    @property
    def manifest(self) -> Manifest:
        """The job that the ledger belongs to. Raise ``LedgerError`` when no job was started in it."""
        with self._asking():
            if (manifest := read_manifest(self._connection)) is None:
                raise LedgerError(f"{self._path} has no job yet", cure="run a job with this ledger first")
        return manifest

    def has_job(self) -> bool:
        """Return whether a job was started in the ledger."""
        return any(name == "settings" for name, _ in self._lines("manifest", shapes.FACT))

    def has_accounts(self) -> bool:
        """Return whether the job sends each row in the account that the row names."""
        return self.has_job() and self.manifest.has_accounts

    def counts(self) -> Counts:
        """Return the number of rows of the current input by status, including pending and in-flight rows."""
        with self._asking():
            return read_counts(self._connection)

    def account_counts(self) -> Mapping[str, Counts]:
        """Return the counts of each account of a job for many; empty for a ledger before version 5."""
        with self._asking():
            return read_account_counts(self._connection)

    @property
    def accounts(self) -> SqliteAccountReader:
        """What is known of each account of a job for many."""
        return SqliteAccountReader(self._lines)

    @property
    def report(self) -> SqliteReportReader:
        """What a report needs of many rows."""
        return SqliteReportReader(self._lines)

    def message_counts(self) -> MessageCounts:
        """Return the number of first messages by status; all are 0 for a ledger of version 1."""
        with self._asking():
            return read_message_counts(self._connection)

    def settings_counts(self) -> SettingsCounts:
        """Return the number of settings by status; all are 0 for a ledger before version 4."""
        with self._asking():
            return read_settings_counts(self._connection)

    def history_counts(self) -> MessageCounts:
        """Return the number of messages of histories by status; all are 0 for a ledger before version 4."""
        with self._asking():
            return read_history_counts(self._connection)

    def fingerprints(self) -> Sequence[Fingerprint]:
        """Return the fingerprints of the planned input files; an empty sequence before the first plan."""
        with self._asking():
            return read_fingerprints(self._connection)

    def notes(self) -> JobNotes:
        """Return the notes that earlier runs stored."""
        with self._asking():
            return read_notes(self._connection)

    def asked(self) -> dict[str, str]:
        """Return the last run's options that are not part of the job's settings; empty before the first run."""
        with self._asking():
            return decode_settings(read_notes(self._connection).asked or "{}")

    def require_sids(self) -> None:
        """Raise ``LedgerError`` when a created row has no valid conversation SID."""
        with self._asking():
            require_sids(self._connection)

    def results(self) -> Iterator[Result]:
        """Yield one result for each record of the current input, in input order; see ``LedgerReader``."""
        form = shapes.result_form(has_accounts=(has_accounts := self.has_accounts()))
        check = shapes.ResultCheck(form.shape)
        with self._answer(results_query(has_accounts=has_accounts)) as answer:
            while lines := answer.fetchmany(_BATCH):
                check(lines)
                yield from starmap(form.record, lines)

    def vanished_results(self) -> Iterator[VanishedResult]:
        """Yield the results of the rows that are no longer in the input; see ``LedgerReader``."""
        form = shapes.result_form(has_accounts=(has_accounts := self.has_accounts()))
        with self._asking():
            statement = vanished_query(version_of(self._connection), has_accounts=has_accounts)
        with self._answer(statement) as answer:
            for line in answer:
                yield form.vanished(None, None, None, *checked_row(form.shape, line)[3:])

    def conversations(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the conversation SIDs of the created rows with these keys."""
        return dict(self._lines("conversations", shapes.KEY_AND_SID, json.dumps(list(keys))))

    def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return which of these conversations belong to rows."""
        return {sid for (sid,) in self._lines("assigned", shapes.SID, json.dumps(list(conversation_sids)))}

    def statuses(self) -> Iterator[RowStatus]:
        """Yield number, status and error of every row that ``results`` yields, in the same order."""
        yield from map(RowStatus._make, self._lines("statuses", shapes.STATUS))

    def error_counts(self) -> Sequence[ErrorCount]:
        """Return the number of rows for each status and error code, the most frequent first."""
        return [ErrorCount(*line) for line in self._lines("error_counts", shapes.ERROR_COUNT)]

    def error_examples(self, first: int) -> Sequence[ErrorExample]:
        """Return the ``first`` rows of each status and error code, in input order; see ``LedgerReader``."""
        return [ErrorExample(*line) for line in self._lines("error_examples", shapes.ERROR_EXAMPLE, first)]

    def attempts(self, step: str, *, since_run: int = 0) -> Iterator[AttemptRecord]:
        """Yield the attempts of one step, without those of runs before ``since_run``; see ``LedgerReader``."""
        yield from map(AttemptRecord._make, self._lines("attempts", shapes.ATTEMPT, step, since_run))

    def last_run(self) -> int:
        """Return the number of the most recent run, 0 when there was none."""
        return max(int(last) for _, _, last in self._lines("last_ids", shapes.LAST_IDS))

    def created(self, account_sid: str = "") -> Iterator[CreatedRow]:
        """Yield the created rows of the current input, in input order, or those in the account ``account_sid``."""
        lines = (
            self._lines("created_in_account", shapes.CREATED, account_sid)
            if account_sid
            else self._lines("created", shapes.CREATED)
        )
        yield from map(CreatedRow._make, lines)

    def shared(self) -> set[str]:
        """Return the SIDs of conversations that are recorded for more than one created row."""
        return {sid for (sid,) in self._lines("shared", shapes.SID)}

    def orphans(self) -> Sequence[Orphan]:
        """Return the attempts that may have left a conversation without a customer, the oldest first."""
        found: dict[int, Orphan] = {}
        with self._answer(_READ["orphans"]) as answer:
            for line in answer:
                attempt, *orphan = checked_row(shapes.ORPHAN, line)
                if attempt in found:  # two entries of the plan refer to the same row
                    raise OddLine
                found[attempt] = Orphan(*orphan)
        return list(found.values())

    def runs(self) -> Sequence[RunRecord]:
        """Return every execution of the command, the oldest first."""
        return [
            RunRecord(run_id, started, ended, exit_code, version, pid, decode_run_note(note))
            for run_id, started, ended, exit_code, version, pid, note in self._lines("runs", shapes.RUN)
        ]

    def activity(self, run: int) -> RunActivity:
        """Return what run number ``run`` (from 1) has done so far."""
        ((rows, last_ended),) = self._lines("activity", shapes.ACTIVITY, run)
        recent = tuple(sent for (sent,) in self._lines("recent", shapes.RECENT, run, MOST_RECENT))
        return RunActivity(rows, last_ended, recent)

    def input_rows(self) -> Sequence[int]:
        """Return the number of records of each input file, in the order of ``fingerprints``."""
        return [rows for (rows,) in self._lines("input_rows", shapes.INPUT_ROWS)]

    def invalid(self, limit: int | None = None) -> Iterator[InvalidRow]:
        """Yield the records that cannot be sent, at most ``limit`` (None: all), in input order."""
        for row, line, source, key in self._lines("invalid", shapes.INVALID, -1 if limit is None else limit):
            problems = tuple(Problem(*problem) for problem in self._lines("problems", shapes.PROBLEM, row))
            yield InvalidRow(row, line, source, key, problems)

    def problems(self) -> Iterator[tuple[int, Problem]]:
        """Yield the problems of all invalid records with their input row numbers, in input order."""
        for row, *problem in self._lines("all_problems", shapes.ROW_PROBLEM):
            yield row, Problem(*problem)

    def first_rows(self, statuses: Collection[Status], limit: int) -> Sequence[int]:
        """Return the input row numbers of the first ``limit`` valid rows with one of these statuses, in order."""
        listed = f" {' '.join(sorted(statuses))} "
        return [row for (row,) in self._lines("first_rows", shapes.ROW_NUMBER, listed, limit)]

    def is_unsent(self) -> bool:
        """Return whether Twilio has certainly processed nothing of the job; see ``LedgerReader``."""
        with self._asking():
            return unsent.is_unsent(self._connection)

    def is_held(self) -> bool:
        """Return whether a run holds this ledger's lock now."""
        with self._asking():
            return lock.is_locked(self._path)

    def held_since(self) -> float | None:
        """Return when the run that holds this ledger's lock took it, in whole Unix seconds; None without one."""
        with self._asking():
            return lock.locked_since(self._path)

    def workers(self) -> Sequence[Never]:
        """Return no worker: only one process writes a file."""
        return ()

    def _lines(
        self, name: str, shape: type[msgspec.Struct], *parameters: float | str
    ) -> Iterator[tuple[Any, ...]]:
        with self._answer(_READ[name], *parameters) as answer:
            while lines := answer.fetchmany(_BATCH):
                shapes.require_shape(shape, lines)
                yield from lines

    @contextmanager
    def _answer(self, statement: str, *parameters: float | str) -> Iterator[sqlite3.Cursor]:
        """Execute a query and yield its cursor; close the cursor when the context ends."""
        with self._asking():
            answer = self._connection.execute(statement, parameters)
            try:
                yield answer
            finally:
                with suppress(sqlite3.ProgrammingError):  # the connection is closed already
                    answer.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with translate_errors(self._path), self._signals.raised_after():
            yield


@contextmanager
def open_sqlite_reader(path: Path) -> Iterator[SqliteLedgerReader]:
    """Open a SQLite ledger for reading.

    Raise ``LedgerError`` when the file does not exist, is not a ledger of this program, or is incomplete.
    """
    with translate_errors(path):
        connection = open_for_reading(path)
    try:
        yield SqliteLedgerReader(connection, path)
    finally:
        connection.close()
