"""In-memory ``ConversationClient``: it returns what a test has set, and records the requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date

from provisioner.twilio.conversations import Conversation, ConversationClient, LookupResult
from provisioner.twilio.paging import ListError


class FakeListing(ConversationClient):
    """Returns look-ups by identity from ``of_identity``, scans from ``listed``, and participants from ``guests``.

    ``identities`` and ``days`` record the requested values; ``most_at_once`` is the maximum number of concurrent
    look-ups.
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
        """Return the result that the test has set for ``identity``, or an empty one."""
        self.identities.append(identity)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        return self._of_identity.get(identity, LookupResult())

    async def has_participant(self, sid: str) -> bool | ListError:
        """Return the value that the test has set for ``sid``, or True."""
        return self._guests.get(sid, True)

    async def scan(self, start: date, end: date) -> AsyncIterator[Conversation | ListError]:
        """Yield all of ``listed``, whatever the days."""
        self.days.append((start, end))
        for item in self._listing:
            yield item
