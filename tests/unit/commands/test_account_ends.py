"""What a command says about the accounts that it asked."""

from provisioner.commands.account_ends import AccountEnd, error_of_accounts, left_notes
from provisioner.errors import ExitCode, GuardError, UnreachableError

SIDS = [f"AC{number:032d}" for number in range(12)]


def test_the_error_of_one_account_is_told_as_it_is() -> None:
    """In a job for one account nothing is added, and what is left is in its counts."""
    refused = GuardError("refused", cure="check the key")
    ends = [AccountEnd("", 3, refused)]

    assert error_of_accounts(ends) is refused
    assert error_of_accounts([AccountEnd("", 3)]) is None
    assert list(left_notes(ends)) == []


def test_the_worst_error_of_several_accounts_decides() -> None:
    """A refusal comes before a network that was away, whichever account was first."""
    away, refused = UnreachableError("away"), GuardError("refused")

    error = error_of_accounts(
        [AccountEnd(SIDS[0], 1, away), AccountEnd(SIDS[1], 2, refused), AccountEnd(SIDS[2], 0)]
    )

    assert error is not None
    assert error.exit_code is ExitCode.GUARD
    assert error.message.startswith("2 of 3 accounts were stopped:")


def test_ten_accounts_are_named_with_what_is_left_in_them() -> None:
    """The others are counted; one with nothing left is not named."""
    few = [AccountEnd(SIDS[0], 1200), AccountEnd(SIDS[1], 0), AccountEnd(SIDS[2], 1)]
    many = [AccountEnd(sid, 1) for sid in SIDS]

    assert list(left_notes(few)) == [f"2 accounts have something left: {SIDS[0]} (1,200), {SIDS[2]} (1)"]
    assert next(iter(left_notes(many))).endswith(f"{SIDS[9]} (1) and 2 more")
