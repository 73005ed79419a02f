"""Choice of the way in which the rows of a job are looked up: by identity or by mark."""

import msgspec

from provisioner.http_client.transport import Transport
from provisioner.options import Rate
from provisioner.pacing import HostReachability, Pacer
from provisioner.rows import IdentityPolicy
from provisioner.twilio.conversations import ConversationClient

from .finders import Finder, IdentityFinder, MarkerFinder
from .unique_names import UniqueNames

LOOK_UPS_PER_SECOND = 10.0
"""Most look-ups per second. Twilio's limit for creating WebChats does not apply (Twilio: Conversations API v1)."""


class FinderChoice(msgspec.Struct, frozen=True):
    """Finder for a job; when it is None, ``reason`` says why the rows cannot be looked up.

    ``names`` look rows up by their unique names, too; None where none can have one.
    """

    finder: Finder | None
    reason: str = ""
    names: UniqueNames | None = None


def choose_finder(
    transport: Transport,
    identity_policy: IdentityPolicy,
    *,
    rate: Rate,
    trusts_identities: bool,
    host: HostReachability | None = None,
    stops_at_refusal: bool = False,
) -> FinderChoice:
    """Return the finder for a job: by identity if each row has its own and Twilio kept it, else by marker.

    ``rate`` limits the look-ups. ``trusts_identities`` is whether the identities that Twilio has returned so far
    are those that were requested. ``host`` is that of the look-ups; see ``Pacer``. ``stops_at_refusal`` makes
    look-ups raise ``GuardError`` when Twilio refuses the credentials; otherwise such rows stay unknown.
    """
    client = ConversationClient(transport, Pacer(rate, host=host))
    if identity_policy.marker and identity_policy.identity != "auto":
        return FinderChoice(MarkerFinder(client, identity_policy, stops_at_refusal=stops_at_refusal))
    if identity_policy.has_identity and trusts_identities:
        return FinderChoice(IdentityFinder(client, identity_policy, stops_at_refusal=stops_at_refusal))
    if identity_policy.marker:
        return FinderChoice(MarkerFinder(client, identity_policy, stops_at_refusal=stops_at_refusal))
    if not identity_policy.has_identity:
        return FinderChoice(None, "rows without identity and without marker cannot be looked up")
    return FinderChoice(
        None, "Twilio gave guests other identities than asked for, so looking them up proves nothing"
    )
