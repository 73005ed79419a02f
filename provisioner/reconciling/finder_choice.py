"""By what the rows of a job are found again."""

from dataclasses import dataclass

from provisioner.http_client.transport import Transport
from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.rows import IdentityPolicy
from provisioner.twilio.conversations import ConversationClient

from .finders import Finder, IdentityFinder, MarkerFinder

LOOK_UPS_PER_SECOND = 10.0
"""Reading is not limited as creating is (Conversations v1); this much nobody notices."""


@dataclass(frozen=True, slots=True)
class FinderChoice:
    """The finder for a job, or why there is none."""

    finder: Finder | None
    reason: str = ""


def choose_finder(
    transport: Transport, identity_policy: IdentityPolicy, *, rate: Rate, trusts_identities: bool
) -> FinderChoice:
    """Choose how to look: by identity where each row has its own and Twilio kept it, else by the marker."""
    client = ConversationClient(transport, Pacer(rate))
    if identity_policy.marker and identity_policy.identity != "auto":
        return FinderChoice(MarkerFinder(client, identity_policy))
    if identity_policy.has_identity and trusts_identities:
        return FinderChoice(IdentityFinder(client, identity_policy))
    if identity_policy.marker:
        return FinderChoice(MarkerFinder(client, identity_policy))
    if not identity_policy.has_identity:
        return FinderChoice(None, "rows without identity and without marker cannot be looked up")
    return FinderChoice(
        None, "Twilio gave guests other identities than asked for, so looking them up proves nothing"
    )
