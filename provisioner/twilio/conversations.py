"""Looking conversations up, by the guest's identity or by the day; it creates nothing.

Source: the Conversations API, resources ParticipantConversations and Conversations.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import field

from provisioner.http_client.transport import Transport
from provisioner.models.sids import SidKind
from provisioner.ports.sending import RateLimiter
from provisioner.twilio.account.hosts import with_query

from .paging import ListError, Page, Pager

PAGE_SIZE = 50
"""The most that ParticipantConversations gives at once."""
SCAN_PAGE_SIZE = 100
_ConversationSid = Annotated[str, msgspec.Meta(pattern=SidKind.CONVERSATION.pattern)]
_ParticipantSid = Annotated[str, msgspec.Meta(pattern=SidKind.PARTICIPANT.pattern)]
_MARK = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


class Conversation(msgspec.Struct, frozen=True):
    """One conversation as Twilio lists it. ``created_at`` is RFC 3339, ``attributes`` JSON text.

    A list with an entry that has no SID is no answer: to pass over the entry would be to call it absent.
    """

    sid: _ConversationSid
    state: str | None = None
    created_at: str | None = field(name="date_created", default=None)
    attributes: str | None = None

    @property
    def marker_candidates(self) -> set[str]:
        """What could be marks of rows: everything in the attributes that has their shape, wherever it stands.

        The attributes are searched and not parsed, since nesting and numbers that Twilio takes may be more than a
        parser does; no mark is guessed by chance.
        """
        return set(_MARK.findall(self.attributes or ""))


class LookupResult(msgspec.Struct, frozen=True):
    """What a look-up found; with ``trouble`` set, there may be more."""

    conversations: tuple[Conversation, ...] = ()
    trouble: ListError | None = None

    @property
    def is_absent(self) -> bool:
        """Say whether Twilio listed everything there is, and it was nothing."""
        return not self.conversations and self.trouble is None


_C = TypeVar("_C", bound=Conversation)


class _Participation(Conversation, frozen=True):
    """The same conversation, under the names of the other listing."""

    sid: _ConversationSid = field(name="conversation_sid")
    state: str | None = field(name="conversation_state", default=None)
    created_at: str | None = field(name="conversation_date_created", default=None)
    attributes: str | None = field(name="conversation_attributes", default=None)
    participant_identity: str | None = None


class _ConversationPage(Page[_C], Generic[_C]):
    items: list[_C] = field(name="conversations")


class _Participant(msgspec.Struct):
    sid: _ParticipantSid


class _Participants(Page[_Participant]):
    items: list[_Participant] = field(name="participants")


_PARTICIPATIONS: msgspec.json.Decoder[Page[_Participation]] = msgspec.json.Decoder(
    _ConversationPage[_Participation]
)
_CONVERSATIONS: msgspec.json.Decoder[Page[Conversation]] = msgspec.json.Decoder(_ConversationPage[Conversation])
_PARTICIPANTS: msgspec.json.Decoder[Page[_Participant]] = msgspec.json.Decoder(_Participants)


class ConversationClient:
    """Asks Twilio what exists, page by page; see ``Pager``."""

    def __init__(
        self,
        transport: Transport,
        pace: RateLimiter,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._pager = Pager(transport, pace, what="conversations", sleep=sleep)

    async def find_by_identity(self, identity: str) -> LookupResult:
        """Find every conversation of one guest, over all pages.

        How soon a new conversation is listed is not documented, so one absence is not yet a proof.
        """
        base = self._transport.url("conversations", "v1", "ParticipantConversations")
        url = with_query(base, Identity=identity, PageSize=str(PAGE_SIZE))
        found: dict[str, Conversation] = {}
        async for item in self._pager.items(url, _PARTICIPATIONS):
            if isinstance(item, ListError):
                return LookupResult(tuple(found.values()), item)
            if item.participant_identity in {identity, None}:
                found[item.sid] = item
        return LookupResult(tuple(found.values()))

    async def scan(self, start: date, end: date) -> AsyncIterator[Conversation | ListError]:
        """Go through the conversations created from ``start`` to ``end`` (whole days, UTC), newest first.

        Closed ones are listed too, since a flow may have closed what is looked for. A ``ListError`` is the last
        item: what follows could not be listed.
        """
        base = self._transport.url("conversations", "v1", "Conversations")
        url = with_query(base, StartDate=start.isoformat(), EndDate=end.isoformat(), PageSize=str(SCAN_PAGE_SIZE))
        async for item in self._pager.items(url, _CONVERSATIONS):
            yield item

    async def has_participant(self, sid: str) -> bool | ListError:
        """Tell a WebChat from half a creation: a conversation that nobody takes part in."""
        checked = SidKind.CONVERSATION.require(sid)
        base = self._transport.url("conversations", "v1", "Conversations", checked, "Participants")
        url = with_query(base, PageSize="1")
        async for found in self._pager.items(url, _PARTICIPANTS):
            return found if isinstance(found, ListError) else True
        return False
