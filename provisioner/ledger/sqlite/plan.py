"""Plan pass: compares all records of the input with the rows of the ledger, in one transaction."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Event

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.counts import read_counts
from provisioner.ledger.sqlite.earlier_input import EarlierInput
from provisioner.ledger.sqlite.plan_entries import PlanEntryWriter
from provisioner.ledger.sqlite.writer import transaction
from provisioner.models import Counts, Fingerprint, PlanEntry, PlanReport, ReplacedInput
from provisioner.models.plan_entries import EntryBatches

_PLAN = queries.load_queries("plan")
_SET_MANIFEST = queries.load_queries("run")["set_manifest"]
_KEY_INDEX = queries.load_queries("schema")["rows_by_key"]
_CHUNK = 5_000
"""Entries read at a time; no more of the input is in memory."""


class PlanCancelled(Exception):  # noqa: N818 - it reports that nobody waits, not a fault
    """Raised on the writer thread when the caller of ``plan`` was cancelled; ends the transaction."""


def write_plan(
    connection: sqlite3.Connection,
    entries: Iterable[PlanEntry],
    fingerprints: Sequence[Fingerprint],
    *,
    on_progress: Callable[[int], None],
    is_cancelled: Event,
    on_replaced: Callable[[ReplacedInput], None] | None = None,
) -> PlanReport:
    """Replace the plan by ``entries``, in one transaction, and return the counts and changes.

    ``on_progress`` is called with the number of entries read so far, after each 5,000 or a few more, and at the
    end. ``on_replaced`` is called when the new plan has hardly any row of the old one; see ``PlanStore.plan``.
    Raise ``PlanCancelled`` once ``is_cancelled`` is set, and the exceptions of ``entries`` and ``on_replaced``;
    the old plan then stays.
    """
    with _staging(connection):
        earlier = EarlierInput.read(connection) if on_replaced else None
        is_first = not _number(connection, "last_row_id")
        if is_first:
            _clear(connection)
            connection.execute(_PLAN["drop_key_index"])
        writer = PlanEntryWriter(connection, is_first=is_first)
        _write_entries(writer, entries, on_progress, is_cancelled)
        if is_first and _index_keys(connection):
            report = _finish_first(connection, fingerprints)
        else:
            _rank_repeats(connection)
            report = _replace(connection, fingerprints)
        if earlier and on_replaced and (replaced := earlier.replaced_by(report, connection)):
            on_replaced(replaced)
        return report


@contextmanager
def _staging(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute(_PLAN["stage"])
    try:
        connection.execute(_PLAN["forget_stage_journal"]).fetchone()
        with transaction(connection):
            connection.execute(_PLAN["create_entries"])
            connection.execute(_PLAN["create_faults"])
            yield
    finally:
        with suppress(sqlite3.Error):  # an earlier exception is more useful than this one
            connection.execute(_PLAN["unstage"])


def _write_entries(
    writer: PlanEntryWriter,
    entries: Iterable[PlanEntry],
    on_progress: Callable[[int], None],
    is_cancelled: Event,
) -> None:
    written = told = 0
    for batch in _batches_of(entries):
        writer.write(batch)
        written += len(batch)
        if written - told >= _CHUNK:
            on_progress(told := written)
        if is_cancelled.is_set():
            raise PlanCancelled
    if written > told:
        on_progress(written)


def _batches_of(entries: Iterable[PlanEntry]) -> Iterator[Sequence[PlanEntry]]:
    if isinstance(entries, EntryBatches):
        return entries.batches
    each = iter(entries)
    return iter(lambda: list(islice(each, _CHUNK)), [])


def _index_keys(connection: sqlite3.Connection) -> bool:
    """Index the keys of the rows that were added; stage these rows instead where keys are repeated.

    Return whether no key is repeated.
    """
    try:
        connection.execute(_KEY_INDEX)
    except sqlite3.IntegrityError:
        connection.execute(_PLAN["stage_planned"])
        connection.execute(_PLAN["clear_plan"])
        connection.execute(_PLAN["clear_rows"])
        connection.execute(_KEY_INDEX)
        return False
    return True


def _finish_first(connection: sqlite3.Connection, fingerprints: Sequence[Fingerprint]) -> PlanReport:
    """Complete the plan of a ledger that had no rows, after ``_index_keys`` has found no repeated key."""
    _add_sources(connection, fingerprints)
    connection.execute(_PLAN["plan_invalid"])
    _add_invalid(connection)
    added, invalid = _number(connection, "count_rows"), _number(connection, "count_invalid")
    counts = Counts(input=added + invalid, pending=added, invalid=invalid)
    return PlanReport(counts=counts, added=added)


def _rank_repeats(connection: sqlite3.Connection) -> None:
    connection.execute(_PLAN["find_repeats"])
    if not _number(connection, "count_repeats"):
        return
    for name in (
        "rank_repeats",
        "number_equal_content",
        "explain_duplicates",
        "refuse_duplicates",
        "disown_repeats",
    ):
        connection.execute(_PLAN[name])


def _replace(connection: sqlite3.Connection, fingerprints: Sequence[Fingerprint]) -> PlanReport:
    last = _number(connection, "last_row_id")
    _clear(connection)
    _add_sources(connection, fingerprints)
    connection.execute(_PLAN["plan_entries"], {"last": last})
    added = _add_rows(connection, last)
    if last:
        connection.execute(_PLAN["update_digests"], {"last": last})
    _add_invalid(connection)
    return PlanReport(
        counts=read_counts(connection),
        added=added,
        vanished=_number(connection, "count_vanished") if last else 0,
        changed=_number(connection, "count_changed", last=last) + _number(connection, "count_spoilt")
        if last
        else 0,
    )


def _clear(connection: sqlite3.Connection) -> None:
    for name in ("clear_plan", "clear_invalid", "clear_problems", "clear_sources"):
        connection.execute(_PLAN[name])


def _add_invalid(connection: sqlite3.Connection) -> None:
    """Add the invalid entries after the valid ones, and with them complete the plan."""
    connection.execute(_PLAN["add_invalid"])
    connection.execute(_PLAN["add_problems"])
    connection.execute(_SET_MANIFEST, ("planned_at", str(time.time())))
    connection.execute(_PLAN["disown_results"])


def _add_sources(connection: sqlite3.Connection, fingerprints: Sequence[Fingerprint]) -> None:
    sources = ((id_, each.name, each.size, each.sha256) for id_, each in enumerate(fingerprints))
    connection.executemany(_PLAN["add_source"], sources)


def _add_rows(connection: sqlite3.Connection, last: int) -> int:
    """Insert the new rows and return their number.

    When they are more than a tenth of the known rows, the index of the keys is rebuilt, which is faster.
    """
    added = _number(connection, "count_new", last=last)
    is_many = added > last // 10
    if is_many:
        connection.execute(_PLAN["drop_key_index"])
    connection.execute(_PLAN["add_rows"], {"last": last})
    if is_many:
        connection.execute(_KEY_INDEX)
    return added


def _number(connection: sqlite3.Connection, name: str, **parameters: int) -> int:
    """Execute the named query, which selects one number, and return that number."""
    (number,) = connection.execute(_PLAN[name], parameters).fetchone()
    return int(number)
