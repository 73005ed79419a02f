"""A ``ConversationClient`` without a network: it lists what a test says, and notes what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date

from provisioner.twilio.conversations import Conversation, ConversationClient, LookupResult
from provisioner.twilio.paging import ListError


class FakeListing(ConversationClient):
    """Answers look-ups by identity from ``of_identity``, scans with ``listed``, guests with ``guests``.

    ``identities`` and ``days`` are what it was asked for; ``most_at_once`` is how many look-ups were under way
    together.
    """

    def __init__(
        self,
        of_identity: Mapping[str, LookupResult] | None = None,
        listed: Sequence[Conversation | ListError] = (),
        guests: Mapping[str, bool | ListError] | None = None,
    ) -> None:
        self._of_identity, self._listing, self._guests = of_identity or {}, listed, guests or {}
        self.identities: list[str] = []
        self.days: list[tuple[date, date]] = []
        self.most_at_once = self._under_way = 0

    async def find_by_identity(self, identity: str) -> LookupResult:
        """Return what is listed for a guest; nothing, where the test says nothing."""
        self.identities.append(identity)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        return self._of_identity.get(identity, LookupResult())

    async def has_participant(self, sid: str) -> bool | ListError:
        """Say that somebody takes part, unless the test says otherwise."""
        return self._guests.get(sid, True)

    async def scan(self, start: date, end: date) -> AsyncIterator[Conversation | ListError]:
        """List everything, whatever the days."""
        self.days.append((start, end))
        for item in self._listing:
            yield item
