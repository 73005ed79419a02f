"""SIDs: what is one, and what never becomes part of a path."""

import sqlite3
from contextlib import closing

import pytest

from provisioner.models.sids import SidKind
from tests.sids import sid

DIGITS = "0123456789abcdefABCDEF0123456789"
ODD = (
    "",
    "CH",
    f"CH{DIGITS}0",
    f"CH{DIGITS[:-1]}",
    f"CH{DIGITS}\n",
    f" CH{DIGITS}",
    f"CH{DIGITS[:-1]}g",
    f"CH{DIGITS[:-1]}\uff10",
    f"ch{DIGITS}",
    f"IM{DIGITS}",
    f"CH{DIGITS}/../../Users",
    f"CH{DIGITS[:-2]}..",
    "../../v1/Services",
    "CH1",
)


def test_a_sid_is_two_letters_and_32_hexadecimal_digits() -> None:
    """Digits may be of either case, the letters are capitals of the right kind, and nothing stands around them."""
    for kind in SidKind:
        assert kind.matches(f"{kind}{DIGITS}")
        assert kind.require(sid(kind)) == sid(kind)
    assert [text for text in ODD if SidKind.CONVERSATION.matches(text)] == []


def test_many_are_sids_where_each_is() -> None:
    """One look at all of them is as strict as one at each."""
    good = [sid("CH", number) for number in range(100)]

    assert SidKind.CONVERSATION.matches_all([])
    assert SidKind.CONVERSATION.matches_all(good)
    for odd in ODD:
        assert not SidKind.CONVERSATION.matches_all([*good, odd, *good])
    assert not SidKind.CONVERSATION.matches_all([good[0] + "CH", good[1][2:]])
    assert not SidKind.CONVERSATION.matches_all([f"CH{DIGITS[:-2]}CH", f"{DIGITS}CH"])


def test_what_is_required_to_be_a_sid_is_not_repeated_when_it_is_none() -> None:
    """It may be anything, a customer's name included."""
    with pytest.raises(ValueError, match="not a SID of this kind: CH and 32 hexadecimal digits") as refusal:
        SidKind.CONVERSATION.require("Ana Example")

    assert "Ana" not in str(refusal.value)


def test_a_sid_is_the_same_to_sql() -> None:
    """The pattern for ``GLOB`` takes and refuses what the other one does."""
    with closing(sqlite3.connect(":memory:")) as connection:
        taken = [
            text
            for text in (*ODD, sid("CH"), f"CH{DIGITS}")
            if connection.execute("SELECT ? GLOB ?", (text, SidKind.CONVERSATION.glob)).fetchone()[0]
        ]

    assert taken == [sid("CH"), f"CH{DIGITS}"]
