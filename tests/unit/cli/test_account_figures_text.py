"""The table of the accounts of a job for many."""

import msgspec

from provisioner.cli.account_figures_text import account_figures_table
from provisioner.models import Counts
from provisioner.models.account_figures import AccountFigures
from tests.sids import sid


def details(*accounts: AccountFigures) -> dict[str, object]:
    """Return the details of a summary with these accounts."""
    return {"accounts": msgspec.to_builtins(accounts)}


def test_an_account_is_shown_with_its_name_and_what_stopped_it() -> None:
    """Where they are known; without a rate its cell is empty."""
    told = details(
        AccountFigures(
            account_sid=sid("AC", 1), name="North", counts=Counts(input=2, unsent=2), error="was refused"
        )
    )

    _, line = account_figures_table(told, Counts(input=2, unsent=2))

    assert " ".join(line.split()) == f"{sid('AC', 1)} (North) 2 0 0 0 2 0 0 was refused"


def test_of_many_accounts_those_that_are_not_done_come_first() -> None:
    """The others are counted, and all are shown where no number is given."""
    accounts = [
        AccountFigures(account_sid=sid("AC", number), counts=Counts(input=1, created=int(number != 9), unsent=0))
        for number in range(1, 10)
    ]

    few = [*account_figures_table(details(*accounts), None, most=2)]
    everything = [*account_figures_table(details(*accounts), None)]

    assert [line.split()[0] for line in few[1:3]] == [sid("AC", 9), sid("AC", 1)]
    assert few[3:] == ["  and 7 more accounts: provisioner status shows all"]
    assert len(everything) == 10
