"""The filter of conversations: it knows all that were named, however they were recorded, and hardly any other."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from provisioner.ledger.sqlite.conversation_filter import ConversationFilter


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Yield a database with attempts."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute("CREATE TABLE attempts (id INTEGER PRIMARY KEY, class TEXT, conversation_sid TEXT)")
        yield opened


def record(connection: sqlite3.Connection, *sids: str) -> int | None:
    """Record the conversations without the filter, and return the ID of the last attempt."""
    last: int | None = None
    for sid in sids:
        last = connection.execute("INSERT INTO attempts VALUES (NULL, 'created', ?)", (sid,)).lastrowid
    return last


def named(*numbers: int) -> list[str]:
    """Return conversations."""
    return [f"CH{number:032x}" for number in numbers]


def test_what_was_added_is_known_and_hardly_anything_else(connection: sqlite3.Connection) -> None:
    """Of ten thousand conversations, fewer than one in a hundred is taken for one of as many others."""
    conversations = ConversationFilter(connection)
    first = named(*range(10_000))

    assert len(conversations.add(first)) < 100
    assert conversations.add(first) == first


def test_what_was_recorded_otherwise_is_known_after_catching_up(connection: sqlite3.Connection) -> None:
    """Those of an earlier run, and those that came since the last look."""
    earlier, later = named(*range(2_500)), named(3_000)
    record(connection, *earlier)
    conversations = ConversationFilter(connection)
    conversations.catch_up()
    conversations.note_written()
    record(connection, *later)
    conversations.catch_up()

    assert conversations.add(earlier + later) == earlier + later


def test_nothing_is_read_again_when_nothing_else_was_written(connection: sqlite3.Connection) -> None:
    """The filter's own additions are noted."""
    conversations = ConversationFilter(connection)
    conversations.catch_up()
    conversations.add(named(1))
    conversations.note_written(record(connection, *named(1)))
    ran: list[str] = []
    connection.set_trace_callback(ran.append)

    conversations.catch_up()

    assert ran == []


def test_after_a_rollback_everything_is_read_again(connection: sqlite3.Connection) -> None:
    """The IDs of what was rolled back are those of other attempts now."""
    conversations = ConversationFilter(connection)
    connection.execute("BEGIN")
    conversations.note_written(record(connection, *named(1, 2)))
    connection.execute("ROLLBACK")
    record(connection, *named(3))

    conversations.forget()
    conversations.catch_up()

    assert conversations.add(named(3)) == named(3)
