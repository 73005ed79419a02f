"""Confirmation by the user, and other conditions that a run has to meet before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.errors import ProvisionerError, StrictError, UsageError
from provisioner.models.forecast import Forecast
from provisioner.planning.plan import unconfirmed_encoding_error
from provisioner.ports.user_interface import UserInterface
from provisioner.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Conditions under which a run may send.

    ``is_strict`` (``--strict``) refuses an input with invalid rows. ``is_agreed`` (``--yes``) skips the question
    and accepts a guessed encoding. The question names ``account`` (its SID) and ``rate``; ``is_boundless`` means
    that there is no rate limit. ``is_local`` means that all requests stay on this machine, so no question is
    asked.
    """

    is_strict: bool
    is_agreed: bool
    is_local: bool
    account: str
    rate: str
    is_boundless: bool

    def refusal(self, plan: Forecast, sources: Sequence[Source], ui: UserInterface) -> ProvisionerError | None:
        """Check the conditions, and ask the user when necessary; return the error, None when the run may send."""
        if self.is_strict and plan.counts.invalid:
            return StrictError(
                f"{plan.counts.invalid:,} rows are invalid, so nothing was sent (--strict)",
                cure="provisioner check lists them: fix them, or omit --strict",
            )
        if plan.to_send and not self.is_agreed and (guess := unconfirmed_encoding_error(sources)):
            return guess
        if self.is_local or self.is_agreed or not plan.to_send:
            return None
        pace = "with no pace limit" if self.is_boundless else f"at {self.rate}"
        question = f"Create {plan.to_send:,} WebChats on account {self.account}, {pace}?"
        if ui.confirm(question, unasked=not self.is_boundless):
            return None
        return UsageError("not confirmed, so nothing was sent", cure="answer y, or add --yes")
