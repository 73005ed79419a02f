"""The conversations the simulator keeps."""

import re

import pytest

from provisioner.simulator.conversations import Conversation, Conversations, read_form


@pytest.fixture
def kept() -> Conversations:
    """No conversation yet."""
    return Conversations()


def add(kept: Conversations, identity: str | None, *, asked: str = "", form: bytes = b"") -> Conversation:
    """Add a conversation where only its identity matters."""
    return kept.add(form, identity, asked=asked, now=1000.0, lag_s=0.0)


def test_conversations_are_found_by_sid_identity_and_age(kept: Conversations) -> None:
    """One conversation is the same however it is found."""
    first, second = add(kept, "a"), add(kept, "b")

    assert kept.find(first.sid) is first
    assert kept.of_identity("b") == [second]
    assert kept.of_identity("c") == []
    assert list(kept) == [first, second]
    assert list(kept.newest_first()) == [second, first]
    assert list(kept.newest_first(before=second.number)) == [first]
    assert list(kept.newest_first(before=99)) == [second, first]


def test_a_deleted_conversation_is_found_no_more(kept: Conversations) -> None:
    """Deleting takes a conversation out of every list, and the counts still add up."""
    gone, orphan, left = add(kept, "a"), add(kept, None), add(kept, "b")
    kept.set_state(gone, "closed")

    kept.delete(gone)
    kept.delete(orphan)

    assert kept.find(gone.sid) is None
    assert kept.of_identity("a") == []
    assert list(kept.newest_first()) == [left]
    assert (kept.made, kept.kept, kept.closed, kept.orphans) == (3, 1, 0, 1)


def test_closing_and_reopening_is_counted(kept: Conversations) -> None:
    """Closed conversations are counted by their present state."""
    conversation = add(kept, "a")

    kept.set_state(conversation, "closed")
    kept.set_state(conversation, "closed")
    closed = kept.closed
    kept.set_state(conversation, "active")

    assert (closed, kept.closed) == (1, 0)


def test_an_identity_asked_for_twice_is_noticed(kept: Conversations) -> None:
    """Repeats are counted by what was asked for, even where the guest got another identity."""
    add(kept, "a", asked="a")
    add(kept, "random-1", asked="a")
    add(kept, "random-2", asked="a")
    add(kept, "b", asked="b")
    add(kept, "random-3")
    add(kept, None, asked="b")

    assert kept.asked_identities == 2
    assert kept.repeated_identities == {"a": 3}


def test_sids_are_well_formed_and_never_the_same(kept: Conversations) -> None:
    """A SID is CH and 32 hexadecimal digits."""
    sids = {add(kept, "a").sid for _ in range(100)}

    assert len(sids) == 100
    assert all(re.fullmatch(r"CH[0-9a-f]{32}", sid) for sid in sids)


@pytest.mark.parametrize(
    ("form", "attributes"),
    [
        (b"AddressSid=IG1", "{}"),
        (
            b"PreEngagementData=%7B%22a%22%3A+10000000000000000001%7D",
            '{"pre_engagement_data": {"a": 10000000000000000001}}',
        ),
    ],
)
def test_attributes_hold_the_data_as_it_came(kept: Conversations, form: bytes, attributes: str) -> None:
    """The pre-engagement data is kept verbatim inside the attributes' JSON text."""
    assert add(kept, "a", form=form).attributes == attributes


def test_of_a_repeated_field_the_first_value_counts() -> None:
    """A form is decoded as UTF-8; blank values are values."""
    assert read_form(b"a=1&b=&a=2&c=%C3%A9+x") == {"a": "1", "b": "", "c": "é x"}


@pytest.mark.parametrize("form", [b"a=\xff", b"a=%FF"])
def test_a_form_that_is_not_utf8_is_refused(form: bytes) -> None:
    """Raw and escaped bytes alike have to be UTF-8."""
    with pytest.raises(ValueError, match="decode"):
        read_form(form)
