"""What one commit takes: the changes of a row keep their order, and a conversation has one owner."""

from msgspec import structs

from provisioner.ledger.postgres.commit import (
    MOST_CHANGES,
    Change,
    ChangeKind,
    Commit,
    encode_value,
    most_changes,
    settled,
)
from provisioner.models import Status, Step
from tests.ledger_samples import CREATED
from tests.sids import conversation_sid


def created(row_id: int, number: int, *, is_checked: bool = True) -> Change:
    """Return the change of a row for which Twilio named the conversation of this number."""
    result = structs.replace(CREATED, conversation_sid=conversation_sid(number))
    values = settled(row_id, Step.CREATE, Status.CREATED.value, result, is_checked=is_checked)
    return Change(ChangeKind.SETTLE, values)


def begun(row_id: int, run: int | None = None) -> Change:
    """Return an intent to create a row."""
    return Change(ChangeKind.BEGIN, (row_id, "wc", False, False), run)


def released(row_id: int) -> Change:
    """Return the cancelled intent of a row."""
    return Change(ChangeKind.OTHER, (row_id, "release", None))


def test_the_changes_of_a_row_go_into_one_commit_only_in_its_order() -> None:
    """An outcome, then an intent, then its end; whatever comes otherwise waits for the next commit."""
    taken = {
        "outcome, intent, end": (created(1, 1), begun(1), released(1)),
        "different rows": (begun(1), created(2, 1), begun(3), released(4)),
    }
    refused = {
        "an outcome of the intent": (begun(1), created(1, 1)),
        "an intent after its end": (released(1), begun(1)),
        "two intents": (begun(1), begun(1)),
        "one conversation for two rows": (created(1, 1), created(2, 1)),
        "another run": (begun(1, 1), begun(2, 2)),
    }

    for name, changes in taken.items():
        commit = Commit()
        assert all(map(commit.takes, changes)), name
    for name, (first, second) in refused.items():
        commit = Commit()
        assert commit.takes(first), name
        assert not commit.takes(second), name


def test_two_rows_may_be_settled_with_one_conversation_that_nobody_checks() -> None:
    """So a row that shares one is recorded."""
    commit = Commit()

    assert commit.takes(created(1, 1, is_checked=False))
    assert commit.takes(created(2, 1, is_checked=False))


def test_a_commit_is_not_longer_than_its_limit() -> None:
    """The first of its rows would wait for the last."""
    commit = Commit()

    assert all(commit.takes(begun(row)) for row in range(MOST_CHANGES))
    assert not commit.takes(begun(MOST_CHANGES))


def test_a_commit_leaves_half_of_what_is_under_way_to_the_client() -> None:
    """With all rows in one commit, the client and the server would wait for each other in turns."""
    assert [most_changes(rows) for rows in (0, 1, 64, 256, 10_000)] == [32, 32, 64, 256, MOST_CHANGES]

    commit = Commit(most_changes(64))

    assert all(commit.takes(begun(row)) for row in range(64))
    assert not commit.takes(begun(64))


def test_a_row_is_under_way_from_its_intent_to_its_outcome() -> None:
    """What only looks it up, or does not send anything, changes nothing."""
    words = ("post", "message_release", "message_drop")
    of_message = [Change(ChangeKind.OTHER, (1, word, None)) for word in words]
    looked_up = Change(ChangeKind.SETTLE, settled(1, Step.LOOKUP, "created", CREATED))

    assert [each.rows_begun for each in (begun(1), created(1, 1), released(1))] == [1, -1, -1]
    assert [each.rows_begun for each in (*of_message, looked_up)] == [1, -1, 0, 0]


def test_a_commit_has_a_list_of_changes_for_each_kind() -> None:
    """Also for a kind that is not there."""
    commit = Commit()
    for change in (created(1, 1), created(2, 2), begun(3)):
        commit.takes(change)

    rows = [[values[0] for values in changes] for changes in commit.arguments()]

    assert rows == [[1, 2], [3], []]


def test_what_postgresql_cannot_store_is_replaced() -> None:
    """A text of Twilio's may hold anything; nothing of it may stop a commit."""
    assert [encode_value(text) for text in ("", "plain", "Ω", "a\0b", "a\udcffb\0")] == [
        *(None, "plain", "Ω", "a?b", "a?b?")
    ]
