"""Protocol for reading a ledger, during a run or afterwards, and the records that a reader returns."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from provisioner.ledger.account_reading import AccountReader
from provisioner.ledger.notes import JobNotes, RunNote
from provisioner.ledger.report_reading import CreatedRow, ReportReader
from provisioner.models import (
    AttemptRecord,
    Counts,
    Fingerprint,
    FollowUpCounts,
    Manifest,
    MessageCounts,
    Problem,
    Result,
    SettingsCounts,
    Status,
    VanishedResult,
)

if TYPE_CHECKING:  # a job on one machine does not load it
    from provisioner.ledger.sharing import WorkerState


class InvalidRow(msgspec.Struct, frozen=True, gc=False):
    """Input record that cannot be sent. ``key`` is None when no ``--key`` column gives the row a key."""

    row: int
    line: int
    source: str
    key: str | None
    problems: tuple[Problem, ...]


class RowStatus(NamedTuple):
    """Row number, status and error of a row, as in the results file."""

    row: int
    status: str
    error_code: str | None
    error: str | None


class RunRecord(msgspec.Struct, frozen=True, gc=False):
    """One execution of the command. Times are Unix seconds.

    ``ended`` and ``exit_code`` are None while the run is active, and for a run that was killed. ``note`` is empty
    for the runs of earlier versions.
    """

    run_id: str
    started: float
    ended: float | None
    exit_code: int | None
    version: str
    pid: int
    note: RunNote = RunNote()


class RunActivity(NamedTuple):
    """What a run has done so far.

    ``rows`` is the number of rows for which it has sent a request to create. ``last_ended`` is when its last
    request was over, None before that. ``recent`` are the times at which its last requests to create were sent,
    the latest first, at most ``MOST_RECENT``. All times are Unix seconds.
    """

    rows: int
    last_ended: float | None
    recent: tuple[float, ...]


MOST_RECENT = 100
"""Requests by which the rate of a run at work is told."""


class Orphan(NamedTuple):
    """Attempt that may have left a conversation without a customer.

    ``row`` is None when the row is no longer in the input. ``ended`` is in Unix seconds.
    """

    row: int | None
    key: str
    error_code: str
    ended: float
    twilio_request_id: str | None


class ErrorCount(NamedTuple):
    """Number of rows with this status and this error code."""

    status: str
    error_code: str
    rows: int


class ErrorExample(NamedTuple):
    """One of the first rows with this status and this error code, and how many rows have both."""

    status: str
    error_code: str
    rows: int
    row: int
    error: str | None


class LedgerReader(Protocol):
    """Read-only view of a ledger, usable on any thread. Each iterator reads one consistent snapshot.

    Every method raises ``LedgerError`` for a damaged ledger. While an iterator is open, a running job cannot
    shorten its write-ahead log, so do not keep iterators open for long.
    """

    @property
    def manifest(self) -> Manifest:
        """The job that the ledger belongs to. Raise ``LedgerError`` when no job was started in it."""
        ...

    def has_job(self) -> bool:
        """Return whether a job was started in the ledger; a run that is killed at once leaves one without."""
        ...

    def has_accounts(self) -> bool:
        """Return whether the job sends each row in the account that the row names; False without a job."""
        ...

    def counts(self) -> Counts:
        """Return the number of rows of the current input by status, including pending and in-flight rows."""
        ...

    def account_counts(self) -> Mapping[str, Counts]:
        """Return the counts of each account of a job for many, by its SID; empty for a job for one account.

        A record that names no account is in none of them.
        """
        ...

    @property
    def accounts(self) -> AccountReader:
        """What is known of each account of a job for many."""
        ...

    @property
    def report(self) -> ReportReader:
        """What a report needs of many rows."""
        ...

    def message_counts(self) -> MessageCounts:
        """Return the number of first messages by status, for the created rows of the current input."""
        ...

    def settings_counts(self) -> SettingsCounts:
        """Return the number of settings by status, for the created rows of the current input."""
        ...

    def history_counts(self) -> MessageCounts:
        """Return the number of messages of histories by status, for the created rows of the current input."""
        ...

    def fingerprints(self) -> Sequence[Fingerprint]:
        """Return the fingerprints of the planned input files; an empty sequence before the first plan."""
        ...

    def notes(self) -> JobNotes:
        """Return the notes that earlier runs stored."""
        ...

    def asked(self) -> dict[str, str]:
        """Return the last run's options that are not part of the job's settings; empty before the first run."""
        ...

    def require_sids(self) -> None:
        """Raise ``LedgerError`` when a created row has no valid conversation SID."""
        ...

    def results(self) -> Iterator[Result]:
        """Yield one result for each record of the current input, in input order.

        A pending row is reported as *unsent* (``stopped``), a row in flight as *unknown* (``interrupted``). In a
        job for many accounts they are of the type ``AccountResult``.
        """
        ...

    def vanished_results(self) -> Iterator[VanishedResult]:
        """Yield a line like those of ``results`` for every row that is no longer in the input.

        In a job for many accounts they are of the type ``VanishedAccountResult``.
        """
        ...

    def conversations(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the conversation SIDs of the created rows with these keys, by key, in the input or not."""
        ...

    def assigned_conversations(self, conversation_sids: Sequence[str]) -> set[str]:
        """Return which of these conversations belong to rows, in the input or not; reads all attempts."""
        ...

    def statuses(self) -> Iterator[RowStatus]:
        """Yield number, status and error of every row that ``results`` yields, in the same order."""
        ...

    def error_counts(self) -> Sequence[ErrorCount]:
        """Return the number of rows for each status and error code, the most frequent first."""
        ...

    def error_examples(self, first: int) -> Sequence[ErrorExample]:
        """Return the ``first`` rows of each status and error code, in input order, the most frequent code first.

        Rows that still wait for their turn have no error.
        """
        ...

    def attempts(self, step: str, *, since_run: int = 0) -> Iterator[AttemptRecord]:
        """Yield the attempts of one step (``create`` or ``message``), in the order in which they were recorded.

        Attempts of runs before run number ``since_run`` are omitted; see ``last_run``.
        """
        ...

    def last_run(self) -> int:
        """Return the number of the most recent run, 0 when there was none."""
        ...

    def created(self, account_sid: str = "") -> Iterator[CreatedRow]:
        """Yield the created rows of the current input, in input order, or those in the account ``account_sid``."""
        ...

    def shared(self) -> set[str]:
        """Return the SIDs of conversations that are recorded for more than one created row."""
        ...

    def orphans(self) -> Sequence[Orphan]:
        """Return the attempts that may have left a conversation without a customer, the oldest first."""
        ...

    def runs(self) -> Sequence[RunRecord]:
        """Return every execution of the command, the oldest first."""
        ...

    def activity(self, run: int) -> RunActivity:
        """Return what run number ``run`` (from 1) has done so far."""
        ...

    def input_rows(self) -> Sequence[int]:
        """Return the number of records of each input file, in the order of ``fingerprints``."""
        ...

    def invalid(self, limit: int | None = None) -> Iterator[InvalidRow]:
        """Yield the records that cannot be sent, at most ``limit`` (None: all), in input order."""
        ...

    def problems(self) -> Iterator[tuple[int, Problem]]:
        """Yield the problems of all invalid records with their input row numbers, in input order."""
        ...

    def first_rows(self, statuses: Collection[Status], limit: int) -> Sequence[int]:
        """Return the input row numbers of the first ``limit`` valid rows with one of these statuses, in order."""
        ...

    def is_unsent(self) -> bool:
        """Return whether Twilio has certainly processed nothing of the job, so that another one may replace it."""
        ...

    def is_held(self) -> bool:
        """Return whether a run holds this ledger's lock now."""
        ...

    def held_since(self) -> float | None:
        """Return when the run that holds this ledger's lock took it, in whole Unix seconds; None without one."""
        ...

    def workers(self) -> "Sequence[WorkerState]":
        """Return the workers of the current shared run, in the order in which they joined; empty without one."""
        ...


def read_follow_up_counts(reader: LedgerReader) -> FollowUpCounts:
    """Return the counts of what follows the creation of rows; ``owed_histories`` is not counted."""
    return FollowUpCounts(
        messages=reader.message_counts(), history=reader.history_counts(), settings=reader.settings_counts()
    )
