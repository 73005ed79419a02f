"""Confirmation by the user, and other conditions that a run has to meet before anything is sent."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from provisioner.errors import ProvisionerError, StrictError, UsageError
from provisioner.models.forecast import Forecast
from provisioner.models.text import pluralize
from provisioner.planning.history import PlannedHistory
from provisioner.planning.plan import unconfirmed_encoding_error
from provisioner.ports.user_interface import UserInterface
from provisioner.sources import Source


class Consent(NamedTuple):
    """Whether a plan may be carried out; ``error`` is what forbids it, None where it was declined."""

    is_given: bool
    error: ProvisionerError | None = None


_NO_HISTORY = PlannedHistory()
GIVEN, DECLINED = Consent(is_given=True), Consent(is_given=False)


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions under which a run may send.

    ``is_strict`` (``--strict``) refuses an input with invalid rows, and a history of no row. ``is_agreed``
    (``--yes``) skips the question and accepts a guessed encoding. The question names
    ``accounts`` and ``rate``, such as ``account AC…`` and ``at 4/s``; ``is_boundless`` means that an account has
    no rate limit. ``is_local`` means that all requests stay on this machine, so no question is asked.
    """

    is_strict: bool
    is_agreed: bool
    is_local: bool
    accounts: str
    rate: str
    is_boundless: bool

    def consent(
        self,
        plan: Forecast,
        sources: Sequence[Source],
        ui: UserInterface,
        *,
        history: PlannedHistory = _NO_HISTORY,
    ) -> Consent:
        """Check the conditions, and ask the user when necessary."""
        if self.is_strict and (invalid := plan.counts.invalid):
            return _refused(
                StrictError(
                    f"{pluralize('row', invalid, 'is', 'are')} invalid, so nothing was sent (--strict)",
                    cure="provisioner check lists them: fix them, or omit --strict",
                )
            )
        if self.is_strict and history.refusal is not None:
            return _refused(history.refusal)
        if plan.to_send and not self.is_agreed and (guess := unconfirmed_encoding_error(sources)):
            return _refused(guess)
        if self.is_local or self.is_agreed or not plan.to_send:
            return GIVEN
        pace = "with no pace limit" if self.is_boundless else self.rate
        answer = ui.confirm(f"Create {plan.to_send:,} WebChats on {self.accounts}, {pace}?")
        if answer is None and self.is_boundless:
            cure = "nobody can be asked here: add --yes, or give a --rate"
            return _refused(UsageError("not confirmed, so nothing was sent", cure=cure))
        return DECLINED if answer is False else GIVEN


def _refused(error: ProvisionerError) -> Consent:
    return Consent(is_given=False, error=error)
