"""Second guard against twins: the unique names that unknown rows ask for, looked up before a row is sent again.

Twilio gives a unique name to one conversation of a service. So a row whose name a conversation has must not be
created again, whatever the other look-ups show.
"""

from collections.abc import Collection

from provisioner.models import Claim, UnknownRow
from provisioner.ports.sending import RowLoader
from provisioner.rows import IdentityPolicy
from provisioner.twilio.conversations import Conversation, ConversationClient
from provisioner.twilio.paging import ListError

from .inference import Absent, Found, Inconclusive, Inference


class UniqueNames:
    """Look-up of rows by unique name. ``row_loader`` reads the names, which no ledger holds, from the input."""

    def __init__(self, client: ConversationClient, identity_policy: IdentityPolicy, row_loader: RowLoader) -> None:
        self._client, self._identity_policy, self._row_loader = client, identity_policy, row_loader
        self._names: dict[int, str] = {}

    async def load(self, rows: Collection[UnknownRow]) -> None:
        """Read the names of rows, which follow those of earlier calls. Raise as ``RowLoader`` does."""
        claims = [Claim(row.id, row.row, row.key, row.digest) for row in rows if row.digest]
        loaded = await self._row_loader.rows(claims) if claims else ()
        self._names = {row.id: row.request.unique_name for row in loaded if row.request.unique_name}

    async def check(self, row: UnknownRow, end: Inference) -> Inference:
        """Return what the row's name shows in addition to ``end``; ``end`` itself if no conversation has the name.

        The conversation is the row's if its guest has the row's identity, or if it has the row's mark. Any other
        one, also when that cannot be learned, leaves the row unknown.
        """
        name = self._names.get(row.id, "")
        if not name:
            return end
        found = await self._client.find_by_unique_name(name)
        if found.trouble is not None:
            reason = f"Twilio could not be asked for its unique name: {found.trouble.error}"
            return Inconclusive(reason) if isinstance(end, Absent) else end
        if not found.conversations:
            return end
        (named,) = found.conversations
        if await self._is_of(row, named):
            return Found(named.sid)
        return Inconclusive(f"its unique name belongs to {named.sid}: sent again, it would be a twin of that")

    async def _is_of(self, row: UnknownRow, conversation: Conversation) -> bool:
        mark = self._identity_policy.marker_value(row.key)
        if mark and not row.is_rebuilt and mark in conversation.marker_candidates:
            return True
        if not row.identity or row.is_shared or not self._identity_policy.is_own(row.identity, row.key):
            return False
        has_guest = await self._client.has_guest(conversation.sid, row.identity)
        return has_guest if not isinstance(has_guest, ListError) else False
