"""Batching of writes: one SQL statement is executed once for all rows of a commit that need it.

Executing a statement costs several times as much as one row in it, and releases and takes Python's GIL each time.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import chain
from typing import Any

from provisioner.ledger import shapes
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.shared_conversations import shared_conversation
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.conversation_filter import ConversationFilter
from provisioner.ledger.sqlite.conversation_index import update_conversation_index
from provisioner.models import SharedConversation, Status, Step, Verdict

_RUN = queries.load_queries("run")
_BEGIN, _OWNERS = _RUN["begin"], _RUN["owners"]
_ADD_ATTEMPTS, _SETTLE = _RUN["add_attempts"], _RUN["settle"]
_ADD_CREATED, _SETTLE_ADDED = _RUN["add_created"], _RUN["settle_added"]
_SID, _STATUS = 10, 15
"""Places of values of ``SETTLE``."""
_CREATED_SID = 6
"""Place of the conversation among the values of ``SETTLE_CREATED``."""
_CREATED = (Verdict.CREATED.value, Status.CREATED.value, None, None)
"""Verdict, status, error code and error of a created row."""

MOST = 64
"""Most rows per statement: 64 rows of 15 values are 960 parameters; old versions of SQLite allow 999."""
_SIZES = (1, 2, 4, *range(8, MOST + 1, 8))
"""Allowed numbers of rows. SQLite compiles a statement for each; unused rows are bound to 0, which is no ID."""


class BulkStatement(IntEnum):
    """Kinds of writes that can be batched, in the order in which ``Batch.write`` executes them.

    The values of one write start with the row's ID. ``SETTLE`` takes the values of the SQL statement
    ``add_attempts``, followed by the row's new status. ``SETTLE_CREATED`` takes those of ``add_created``, followed
    by whether the row may share the conversation of another row with the same identity. ``BEGIN`` takes those of
    the SQL statement ``begin``.
    """

    SETTLE = 0
    SETTLE_CREATED = 1
    BEGIN = 2


class Batch:
    """Collector of writes for many rows, which it executes together.

    Writes for different rows may be reordered. Writes for one row are not: when they do not come in the order of
    ``BulkStatement``, the collected writes are executed first. ``shared`` has the rows written so far whose
    conversation belongs to another row already, by row ID.
    """

    def __init__(self, connection: sqlite3.Connection, conversations: ConversationFilter) -> None:
        self._connection = connection
        self._conversations = conversations
        self._waiting: Sequence[list[Sequence[Any]]] = [[] for _ in BulkStatement]
        self._rows: Sequence[set[int]] = [set() for _ in BulkStatement]
        self._sids: set[str] = set()
        self.shared: dict[int, SharedConversation] = {}

    def add(self, kind: BulkStatement, writes: Sequence[Sequence[Any]]) -> None:
        """Add writes of one kind. Execute the collected writes first when the order of a row's writes requires it.

        The order requires it also when a collected write names the same conversation.
        """
        rows = {values[0] for values in writes}
        named = _sids(writes, _CREATED_SID) if kind is BulkStatement.SETTLE_CREATED else ()
        sids = set(named)
        is_repeated = len(rows) < len(writes) or len(sids) < len(named)
        if is_repeated:
            for values in writes:
                self.add(kind, [values])
            return
        if not (sids.isdisjoint(self._sids) and all(map(rows.isdisjoint, self._rows[kind:]))):
            self.write()
        self._sids |= sids
        self._rows[kind].update(rows)
        self._waiting[kind].extend(writes)

    def write(self) -> None:
        """Execute the collected writes and empty the batch."""
        settled, created, begun = self._waiting
        has_outcomes = bool(settled or created)
        if has_outcomes:
            self._conversations.catch_up()
        for some in _portions(settled):
            self._conversations.add(_sids(some, _SID))
            self._settle(some)
        for some in _portions(created):
            self._settle_created(some)
        for some in _portions(begun):
            self._run(_BEGIN, some)
        if has_outcomes:
            self._conversations.note_written()
        for waiting, rows in zip(self._waiting, self._rows, strict=True):
            waiting.clear()
            rows.clear()
        self._sids.clear()

    def _settle(self, came: Sequence[Sequence[Any]]) -> None:
        added = self._run(_ADD_ATTEMPTS, [each[:_STATUS] for each in came])
        self._conversations.note_written(added.lastrowid)
        # The new attempts have consecutive IDs; the SQL function last_insert_rowid() gives the last one.
        last = len(came) - 1
        self._run(_SETTLE, [(each[0], each[_STATUS], last - place) for place, each in enumerate(came)])

    def _settle_created(self, came: Sequence[Sequence[Any]]) -> None:
        """Settle created rows; one that got the conversation of another is unknown or shares it."""
        shared = self._shared(came)
        self.shared.update(shared)
        if shared:
            self._settle([_outcome(each, shared.get(each[0])) for each in came])
            return
        added = self._run(_ADD_CREATED, [each[:-1] for each in came])
        self._conversations.note_written(added.lastrowid)
        self._connection.execute(_SETTLE_ADDED, (len(came),))

    def _shared(self, came: Sequence[Sequence[Any]]) -> Mapping[int, SharedConversation]:
        """Return the conversations among those that are named which belong to other rows, by row ID."""
        known = self._conversations.add(_sids(came, _CREATED_SID))
        if not known:
            return {}
        update_conversation_index(self._connection)
        named = {each[0]: each for each in came if each[_CREATED_SID] in known}
        asked = [(row, each[_CREATED_SID]) for row, each in named.items()]
        owners = [checked_row(shapes.OWNER, line) for line in self._run(_OWNERS, asked).fetchall()]
        return {
            row: shared_conversation(sid, first, is_same_guest=bool(is_same_guest), may_share=named[row][-1])
            for row, sid, first, is_same_guest in owners
        }

    def _run(self, statement: str, rows: Sequence[Sequence[Any]]) -> sqlite3.Cursor:
        size = next(size for size in _SIZES if size >= len(rows))
        nothing = (0,) * (len(rows[0]) * (size - len(rows)))
        values = (*chain.from_iterable(rows), *nothing)
        return self._connection.execute(queries.repeat_values(statement, size), values)


def _sids(came: Sequence[Sequence[Any]], place: int) -> Sequence[str]:
    """Return the conversations that are named in this place of the values."""
    return [sid for each in came if (sid := each[place])]


def _outcome(created: Sequence[Any], shared: SharedConversation | None) -> Sequence[Any]:
    """Return the values for ``SETTLE`` of those for ``SETTLE_CREATED``."""
    row, run, due, sent, ended, http_status, sid, identity, request_id, _ = created
    verdict, status, code, error = _CREATED if shared is None else _recorded(shared)
    result = (due, sent, ended, http_status, code, error, sid, identity, request_id, None, False)
    return (row, run, Step.CREATE.value, verdict, *result, status)


def _recorded(shared: SharedConversation) -> Sequence[Any]:
    return shared.verdict.value, shared.status.value, shared.error_code, shared.error


def _portions(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the rows in lists of at most ``MOST``."""
    return (rows[start : start + MOST] for start in range(0, len(rows), MOST))
