"""Check whether the Conversations service that is asked is the one that has a job's conversations.

WebChats are created in Flex's service. Paths without a service mean the account's default one, which may be
another: it answers 404 for every conversation of the job, as it does for one that is gone. Source: Twilio,
https://www.twilio.com/docs/conversations/api/service-resource.
"""

import asyncio

from provisioner.ledger import CloseLedger
from provisioner.twilio.conversations import ConversationClient

MOST_ASKED = 50
"""Most conversations of the job that are asked for, drawn at random."""


class JobServiceCheck:
    """``ServiceCheck`` of a job; it asks only when a 404 comes before the service has shown a conversation.

    A conversation of the service that ``ledger`` holds as deleted shows that it had one. ``service_sid`` is empty
    for the account's default service.
    """

    def __init__(self, client: ConversationClient, ledger: CloseLedger, *, service_sid: str) -> None:
        self._client, self._ledger, self._service_sid = client, ledger, service_sid
        self._asking = asyncio.Lock()
        self._is_shown = self._has_asked = False

    def note_shown(self) -> None:
        """Note that the service has shown a conversation of the job."""
        self._is_shown = True

    async def refusal(self) -> str:
        """Return why a 404 proves nothing; empty when the service shows a conversation of the job."""
        async with self._asking:
            if not (self._is_shown or self._has_asked):
                self._has_asked = True
                await self._ask()
        return "" if self._is_shown else no_conversations(self._service_sid)

    async def _ask(self) -> None:
        if await self._ledger.has_deleted():
            self.note_shown()
        for sid in await self._ledger.sample_conversations(MOST_ASKED):
            if not self._is_shown and await self._client.is_shown(sid):
                self.note_shown()


def no_conversations(service_sid: str) -> str:
    """Return the error of a run when the service with this SID shows no conversation; empty: the default one."""
    if service_sid:
        return f"Twilio shows no conversation of this job in the service {service_sid}: check --service-sid"
    return (
        "Twilio shows no conversation of this job in the account's default Conversations service, which is "
        "probably not Flex's: name that with --service-sid or TWILIO_CONVERSATIONS_SERVICE_SID"
    )
