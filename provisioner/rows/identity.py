"""Identity and mark of a row's request, by which its conversation can be found again."""

import msgspec
from msgspec import structs

from provisioner.models import WebChatRequest

from .digests import identity_for, marker_for
from .pre_engagement import with_member


class IdentityPolicy(msgspec.Struct, frozen=True):
    """Policy for the guests' identities and the rows' marks of one job.

    ``identity`` is the value of ``--identity``: ``auto`` makes an identity for each row that has none, ``none``
    lets Twilio choose it, anything else is a template that the mapping has filled in already. ``marker`` is the
    member name under which the pre-engagement data carries the row's mark; empty for no marks.
    """

    job_id: str
    identity: str = "auto"
    marker: str = ""

    @property
    def has_identity(self) -> bool:
        """Return whether the requests name an identity for the guest, so that Twilio does not choose it."""
        return self.identity != "none"

    def apply(self, request: WebChatRequest, key: str) -> WebChatRequest:
        """Return the request with identity and mark added as the policy says; ``key`` is the row's key."""
        if self.identity == "auto" and not request.identity:
            request = structs.replace(request, identity=identity_for(self.job_id, key))
        if self.marker:
            data = with_member(request.pre_engagement_data, self.marker, self.marker_value(key))
            request = structs.replace(request, pre_engagement_data=data)
        return request

    def marker_value(self, key: str) -> str:
        """Return the mark of the row with this key; empty when the job uses no marks."""
        return marker_for(self.job_id, key) if self.marker else ""

    def is_own(self, identity: str, key: str) -> bool:
        """Return whether ``identity`` is the one that this job made for the row's key, so nobody else uses it."""
        return identity == identity_for(self.job_id, key)
