"""How the work of a command ended in each of the accounts that it asked, and what the user is told of it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner.errors import ProvisionerError
from provisioner.models.reasons import MOST_NAMED
from provisioner.models.text import pluralize
from provisioner.runs.accounts.account_ends import joined_error


@dataclass(frozen=True, slots=True)
class AccountEnd:
    """How the work in one account ended; ``account_sid`` is empty in a job for one account.

    ``left`` is the number of rows, conversations or guests that wait for another command, ``error`` what ended the
    work early, None for nothing.
    """

    account_sid: str
    left: int
    error: ProvisionerError | None = None


def error_of_accounts(ends: Sequence[AccountEnd]) -> ProvisionerError | None:
    """Return the error of a command that ended so: of its only account, or one for all of many accounts."""
    errors = {each.account_sid: each.error for each in ends if each.error is not None}
    return errors[""] if "" in errors else joined_error(errors, len(ends))


def left_notes(ends: Sequence[AccountEnd]) -> Iterator[str]:
    """Yield which accounts have something left; nothing in a job for one account."""
    left = [each for each in ends if each.account_sid and each.left]
    if left:
        named = ", ".join(f"{each.account_sid} ({each.left:,})" for each in left[:MOST_NAMED])
        more = f" and {len(left) - MOST_NAMED:,} more" if len(left) > MOST_NAMED else ""
        yield f"{pluralize('account', len(left), 'has', 'have')} something left: {named}{more}"
