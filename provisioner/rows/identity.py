"""What is put on a row's request so that its conversation can be found again."""

from dataclasses import dataclass

from msgspec import structs

from provisioner.models import WebChatRequest

from .digests import identity_for, marker_for
from .pre_engagement import with_member


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """How the rows of one job are named at Twilio.

    ``identity`` is what was asked for: ``auto`` gives every guest one of its own where the row brings none,
    ``none`` leaves it to Twilio, anything else is a template that rows were made with. ``marker`` is the name
    under which the pre-engagement data carries the row's mark, empty for none.
    """

    job_id: str
    identity: str = "auto"
    marker: str = ""

    @property
    def has_identity(self) -> bool:
        """Say whether guests have an identity that was asked for."""
        return self.identity != "none"

    def apply(self, request: WebChatRequest, key: str) -> WebChatRequest:
        """Return the request with the guest's identity and the row's mark filled in."""
        if self.identity == "auto" and not request.identity:
            request = structs.replace(request, identity=identity_for(self.job_id, key))
        if self.marker:
            data = with_member(request.pre_engagement_data, self.marker, self.marker_value(key))
            request = structs.replace(request, pre_engagement_data=data)
        return request

    def marker_value(self, key: str) -> str:
        """Return the mark of one row, empty where the job has none."""
        return marker_for(self.job_id, key) if self.marker else ""

    def is_own(self, identity: str, key: str) -> bool:
        """Say whether nobody but this job could have given a guest this identity."""
        return identity == identity_for(self.job_id, key)
