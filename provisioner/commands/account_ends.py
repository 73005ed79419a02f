"""How the work of a command ended in each account, and what the user is told about it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import structs

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models.accounts import about_account
from provisioner.models.reasons import MOST_NAMED
from provisioner.models.summary import ErrorInfo
from provisioner.models.text import pluralize


@dataclass(frozen=True, slots=True)
class AccountEnd:
    """How the work in one account ended; ``account_sid`` is empty in a job for one account.

    ``left`` is the number of rows, conversations or guests that wait for another command, ``error`` what ended the
    work early, None for nothing.
    """

    account_sid: str
    left: int
    error: ProvisionerError | None = None


def worst_error(ends: Sequence[AccountEnd]) -> ProvisionerError | None:
    """Return the error that decides the exit code: the first one, but a network that was away comes last."""
    end = _worst(ends)
    return end.error if end else None


def error_info(ends: Sequence[AccountEnd]) -> ErrorInfo | None:
    """Return that error for the summary, in a job for many accounts with the account that had it."""
    end = _worst(ends)
    if end is None or end.error is None:
        return None
    info = ErrorInfo.from_error(end.error)
    return structs.replace(info, message=about_account(end.account_sid, info.message))


def end_notes(ends: Sequence[AccountEnd]) -> Iterator[str]:
    """Yield the errors of the other accounts, and which accounts are left; nothing in a job for one account."""
    worst = _worst(ends)
    others = [each for each in ends if each.error is not None and each is not worst]
    for each in others[:MOST_NAMED]:
        yield about_account(each.account_sid, each.error.message if each.error else "")
    left = [each for each in ends if each.account_sid and each.left]
    if left:
        named = ", ".join(f"{each.account_sid} ({each.left:,})" for each in left[:MOST_NAMED])
        more = f" and {len(left) - MOST_NAMED:,} more" if len(left) > MOST_NAMED else ""
        yield f"{pluralize('account', len(left), 'has', 'have')} something left: {named}{more}"


def _worst(ends: Sequence[AccountEnd]) -> AccountEnd | None:
    failed = [each for each in ends if each.error is not None]
    return min(failed, key=_is_out_of_reach, default=None)


def _is_out_of_reach(end: AccountEnd) -> bool:
    return end.error is not None and end.error.exit_code is ExitCode.UNSENT
