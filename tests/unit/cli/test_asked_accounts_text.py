"""The table of what a command did in each account."""

from provisioner.cli.asked_accounts_text import asked_accounts_table

NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"


def test_each_account_has_a_line_with_what_is_not_zero() -> None:
    """Numbers of guests stand beside those of conversations; what no account has is no column."""
    accounts = [
        {"account_sid": NORTH, "to_close": 1200, "gone": 0, "guests": {"deleted": 3, "kept": 0}, "error": None},
        {"account_sid": SOUTH, "to_close": 7, "gone": 0, "guests": {"deleted": 0, "kept": 0}, "error": "refused"},
    ]

    lines = list(asked_accounts_table({"accounts": accounts}))

    assert [line.split() for line in lines] == [
        ["account", "to", "close", "guests", "deleted", "error"],
        [NORTH, "1,200", "3"],
        [SOUTH, "7", "0", "refused"],
    ]


def test_a_job_for_one_account_has_no_table() -> None:
    """Its details name no accounts."""
    assert list(asked_accounts_table({"to_close": 3})) == []
