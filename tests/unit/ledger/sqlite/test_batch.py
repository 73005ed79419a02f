"""Rows that are written together end as if each had been written alone."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.batch import MOST, Batch, BulkStatement
from provisioner.ledger.sqlite.conversation_filter import ConversationFilter
from provisioner.ledger.sqlite.conversation_index import create_conversation_index

ROWS = 150
OUTCOMES = (
    "SELECT rows.id, rows.status, rows.attempts, rows.asked_identity, rows.message, attempts.row_id, "
    "attempts.number, attempts.class "
    "FROM rows LEFT JOIN attempts ON attempts.id = rows.last_attempt ORDER BY rows.id"
)
ATTEMPTS = "SELECT row_id, number, class, conversation_sid FROM attempts ORDER BY row_id, id"


@contextmanager
def tables() -> Iterator[sqlite3.Connection]:
    """Open a ledger's tables with so many pending rows."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in queries.load_queries("schema").values():
            connection.execute(statement)
        create_conversation_index(connection)
        connection.executemany(
            "INSERT INTO rows (id, key, digest, status) VALUES (?, ?, x'00', 'pending')",
            [(number, f"k-{number}") for number in range(1, ROWS + 1)],
        )
        yield connection


def begin(row: int) -> tuple[BulkStatement, Sequence[Any]]:
    """Return an intent."""
    return BulkStatement.BEGIN, (row, f"wc-{row}", None, None)


def settle(row: int, status: str) -> tuple[BulkStatement, Sequence[Any]]:
    """Return an outcome."""
    sid = f"CH{row}" if status == "created" else None
    return BulkStatement.SETTLE, (
        *(row, None, "create", "created" if sid else "not_processed"),
        *(1.0, 2.0, 3.0, 201, None, None, sid, f"wc-{row}", None, None, False),
        status,
    )


def settle_created(row: int, chat: int, *, may_share: bool) -> tuple[BulkStatement, Sequence[Any]]:
    """Return the outcome that Twilio named this conversation."""
    came = (row, None, 1.0, 2.0, 3.0, 201, f"CH{chat:032x}", f"wc-{row}", "RQ1")
    return BulkStatement.SETTLE_CREATED, (*came, may_share)


def add(batch: Batch, step: tuple[BulkStatement, Sequence[Any]]) -> None:
    """Add one write."""
    kind, values = step
    batch.add(kind, [values])


def written(steps: Sequence[tuple[BulkStatement, Sequence[Any]]], *, together: bool) -> list[list[Any]]:
    """Write the steps and return what the tables hold then."""
    with tables() as connection:
        batch = Batch(connection, ConversationFilter(connection))
        for kind, some in groupby(steps, key=itemgetter(0)):
            writes = [values for _, values in some]
            for column in [writes] if together else [[values] for values in writes]:
                batch.add(kind, column)
                if not together:
                    batch.write()
        batch.write()
        return [connection.execute(query).fetchall() for query in (OUTCOMES, ATTEMPTS)]


STEPS = st.one_of(
    st.builds(begin, st.integers(1, 4)),
    st.builds(settle, st.integers(1, 4), st.sampled_from(["created", "pending", "unsent"])),
    st.builds(settle_created, st.integers(1, 4), st.integers(1, 2), may_share=st.booleans()),
)


@given(st.lists(STEPS, max_size=30))
def test_no_order_of_steps_ends_otherwise_than_one_by_one(
    steps: list[tuple[BulkStatement, Sequence[Any]]],
) -> None:
    """Whatever is written for a row keeps its order, above all an outcome and the intent of the next attempt."""
    assert written(steps, together=True) == written(steps, together=False)


@pytest.mark.parametrize("count", [1, 2, 3, 63, MOST, MOST + 1, ROWS])
def test_any_number_of_rows_is_written(count: int) -> None:
    """Statements are compiled for few numbers of rows, and every row is in one of them."""
    steps = [begin(row) for row in range(1, count + 1)] + [settle(row, "created") for row in range(1, count + 1)]

    rows, attempts = written(steps, together=True)

    assert [row[:2] for row in rows if row[1] == "created"] == [(row, "created") for row in range(1, count + 1)]
    assert [(row_id, number, sid) for row_id, number, _, sid in attempts] == [
        (row, 1, f"CH{row}") for row in range(1, count + 1)
    ]
    assert all(row[0] == row[5] for row in rows if row[1] == "created")


def test_a_commit_runs_few_statements() -> None:
    """As many outcomes and intents as fly at once take three statements, not three for each row."""
    ran: list[str] = []
    with tables() as connection:
        batch = Batch(connection, ConversationFilter(connection))
        for row in range(1, MOST + 1):
            add(batch, begin(row))
        batch.write()
        connection.set_trace_callback(ran.append)
        for row in range(1, MOST + 1):
            add(batch, settle(row, "created"))
            add(batch, begin(row + MOST))
        batch.write()

    assert len(ran) == 4


def test_that_no_row_gets_the_conversation_of_another_costs_no_statement_more() -> None:
    """Only a conversation that was perhaps named before is looked up."""
    ran: list[str] = []
    with tables() as connection:
        batch = Batch(connection, ConversationFilter(connection))
        for row in range(1, MOST + 1):
            add(batch, begin(row))
        batch.write()
        connection.set_trace_callback(ran.append)
        for row in range(1, MOST + 1):
            add(batch, settle_created(row, row, may_share=False))
            add(batch, begin(row + MOST))
        batch.write()
        connection.set_trace_callback(None)
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {queries.load_queries('run')['owners']}", (1, "CH")
        ).fetchall()

    assert len(ran) == 4
    assert batch.shared == {}
    assert any(step[3].startswith("SEARCH named USING PRIMARY KEY (ending=?)") for step in plan)
