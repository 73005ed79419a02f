"""The index of conversations has those of all attempts that were recorded, however many it reads at once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from provisioner.ledger.sqlite import conversation_index
from provisioner.ledger.sqlite.conversation_index import create_conversation_index, update_conversation_index


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Yield a database with a table for attempts, and an empty index."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute("CREATE TABLE attempts (id INTEGER PRIMARY KEY, class TEXT, conversation_sid TEXT)")
        create_conversation_index(opened)
        yield opened


def record(connection: sqlite3.Connection, *numbers: int) -> None:
    """Record an attempt that created this conversation for each number, and after each one that created none."""
    for number in numbers:
        connection.execute("INSERT INTO attempts VALUES (NULL, 'created', ?)", (f"CH{number:032x}",))
        connection.execute("INSERT INTO attempts VALUES (NULL, 'rejected', NULL)")


def indexed(connection: sqlite3.Connection) -> list[int]:
    """Return the numbers of the conversations in the index, in the order of their attempts."""
    lines = connection.execute("SELECT ending FROM temp.conversations ORDER BY attempt")
    return [int(ending, 16) for (ending,) in lines]


@pytest.mark.parametrize("portion", [1, 2, 3, 8, 100])
def test_every_conversation_is_in_the_index(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    """Those of many portions at the first update, and those that came since at a later one."""
    monkeypatch.setattr(conversation_index, "_PORTION", portion)
    update_conversation_index(connection)
    assert indexed(connection) == []

    record(connection, 5, 3, 9, 4)
    update_conversation_index(connection)
    assert indexed(connection) == [5, 3, 9, 4]

    record(connection, 7)
    update_conversation_index(connection)
    update_conversation_index(connection)
    assert indexed(connection) == [5, 3, 9, 4, 7]


def test_a_rollback_takes_back_what_was_indexed(connection: sqlite3.Connection) -> None:
    """The IDs of the attempts are those of others after it."""
    connection.execute("BEGIN")
    record(connection, 1, 2)
    update_conversation_index(connection)
    connection.execute("ROLLBACK")
    record(connection, 3)

    update_conversation_index(connection)

    assert indexed(connection) == [3]
