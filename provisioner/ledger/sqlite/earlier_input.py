"""Compares a new plan with the plan before it: another job's input, keys or the same bytes read differently."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from provisioner.ledger import shapes
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.connections import connect
from provisioner.ledger.sqlite.counts import read_counts
from provisioner.ledger.sqlite.job_facts import read_fingerprints
from provisioner.ledger.sqlite.respelt_keys import find_respelt_keys
from provisioner.models import PlanReport, ReplacedInput, is_hardly_any

_PLAN = queries.load_queries("plan")
_NAMED = 3
"""Keys that are named of each input."""


class EarlierInput(msgspec.Struct, frozen=True):
    """The plan that is to be replaced; it has ``most_rows`` rows, and so at most as many with an outcome.

    ``last_id`` is the largest row ID; rows of the new plan that are new get larger ones. ``digests`` are those of
    the bytes of its inputs.
    """

    most_rows: int
    last_id: int
    digests: tuple[str, ...]

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> "EarlierInput":
        """Read the present plan, at the same cost whatever its size."""
        (most_rows,), (last_id,) = (
            connection.execute(_PLAN[name]).fetchone() for name in ("last_planned_row", "last_row_id")
        )
        return cls(most_rows, last_id, _digests(connection))

    def replaced_by(self, report: PlanReport, connection: sqlite3.Connection) -> ReplacedInput | None:
        """Compare with the new plan; return None when it has at least a tenth of the rows with an outcome.

        With keys of earlier rows as a spreadsheet program saves them, without leading zeros for one, it is
        suspicious however many rows it has: those would be created again. So is a plan with rows that were created
        in another account, which would be created there as well, and a plan of the same bytes with
        other rows in place of some with an outcome: an option or a version of the program reads them differently.
        Repeated uses of a record by a cycled input do not count, because a shorter load test makes fewer of them.
        What was there before is read only when the new plan is suspicious, by a connection of its own: the
        transaction of ``connection`` has replaced it already.
        """
        found = report.counts.with_outcome  # a new row has none, so all of these are earlier rows
        if report.vanished and (changes := self._key_changes(report, connection)):
            return structs.replace(_compare(found, connection), **changes)
        if report.added and self.digests == _digests(connection):
            replaced = _compare(found, connection)
            if found < replaced.earlier_rows:
                return structs.replace(replaced, is_read_differently=True)
        if not is_hardly_any(found, self.most_rows):
            return None
        if not is_hardly_any(found, connection.execute(_PLAN["count_all_outcomes"]).fetchone()[0]):
            return None
        replaced = _compare(found, connection)
        if not is_hardly_any(found, replaced.earlier_rows):
            return None
        first_uses = connection.execute(_PLAN["count_first_uses"]).fetchone()
        return replaced if is_hardly_any(*first_uses) else None

    def _key_changes(self, report: PlanReport, connection: sqlite3.Connection) -> dict[str, Any]:
        """Return the keys that are respelt, or that have moved to another account, as fields of the comparison."""
        if report.added and (respelt := find_respelt_keys(connection, self.last_id)):
            return {"respelt_keys": respelt}
        lines = connection.execute(_PLAN["moved_keys"], (_NAMED,)).fetchall()
        moved = [checked_row(shapes.MOVED_KEY, line) for line in lines]
        if not moved:
            return {}
        return {"moved_keys": tuple((was, now) for was, now, _ in moved), "moved_rows": moved[0][2]}


def _digests(connection: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(each.sha256 for each in read_fingerprints(connection))


def _compare(found: int, connection: sqlite3.Connection) -> ReplacedInput:
    path = next(file for _, name, file in connection.execute(_PLAN["files"]).fetchall() if name == "main")
    with closing(connect(f"{Path(path).as_uri()}?mode=ro", is_read_only=True)) as before:
        return ReplacedInput(
            earlier_rows=read_counts(before).with_outcome,
            found_rows=found,
            earlier_keys=_keys(before, "earlier_keys"),
            new_keys=_keys(connection, "new_keys"),
            earlier_inputs=tuple(each.name for each in read_fingerprints(before)),
        )


def _keys(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    return tuple(
        checked_row(shapes.KEY, line)[0] for line in connection.execute(_PLAN[name], (_NAMED,)).fetchall()
    )
