"""How the accounts of a run ended, as one error for the run and one text for each account. Pure."""

from collections.abc import Mapping

from provisioner.errors import ExitCode, GuardError, ProvisionerError, UnreachableError, UsageError
from provisioner.models.text import pluralize
from provisioner.twilio.errors.common_errors import CREDENTIALS_CURE

_CREDENTIALS_CURE = "check its line in --accounts, and the variables or the profile that it names"
_MOST_TOLD = 3
"""Most accounts whose error the error of the run tells."""
_KINDS: Mapping[ExitCode, type[ProvisionerError]] = {
    ExitCode.USAGE: UsageError,
    ExitCode.UNSENT: UnreachableError,
}


def joined_error(errors: Mapping[str, ProvisionerError], accounts: int) -> ProvisionerError | None:
    """Return one error for those that have stopped accounts, by SID, of a run for so many accounts.

    None when there are none. The exit code is that of the first one that does not just say that the same command
    will help.
    """
    if not errors:
        return None
    worst = min(errors.values(), key=lambda error: error.exit_code is ExitCode.UNSENT)
    told = [f"account {sid}: {of_listed_account(error.message)}" for sid, error in errors.items()]
    if len(told) == 1:
        message = told[0]
    else:
        more = f"; and {pluralize('account', len(told) - _MOST_TOLD)} more" if len(told) > _MOST_TOLD else ""
        shown = "; ".join(told[:_MOST_TOLD])
        message = f"{len(told):,} of {accounts:,} accounts were stopped: {shown}{more}"
    return _KINDS.get(worst.exit_code, GuardError)(message, cure=of_listed_account(worst.cure))


def of_listed_account(text: str) -> str:
    """Return the text of an error of an account in a file of accounts, which says where its credentials are."""
    return text.replace(CREDENTIALS_CURE, _CREDENTIALS_CURE)
