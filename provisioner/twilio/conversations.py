"""Look-ups of conversations by the guest's identity or by day; all requests are GETs.

Source: Twilio, https://www.twilio.com/docs/conversations/api/participant-conversation-resource and
https://www.twilio.com/docs/conversations/api/conversation-resource.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import field, structs

from provisioner.http_client.transport import Transport
from provisioner.models.sids import SidKind
from provisioner.ports.sending import RateLimiter
from provisioner.system.patterns import late_pattern
from provisioner.twilio.account.hosts import with_query

from .paging import Fetched, ListError, Page, Pager

PAGE_SIZE = 50
"""Entries per page of ParticipantConversations: the maximum. Source: Twilio, Participant Conversation resource."""
SCAN_PAGE_SIZE = 100
"""Entries per page of the list of conversations: the maximum. Source: Twilio, Conversation resource."""
NO_SERVICE = "there is no such Conversations service in this account: check --service-sid"
_ConversationSid = Annotated[str, msgspec.Meta(pattern=SidKind.CONVERSATION.pattern)]
_ParticipantSid = Annotated[str, msgspec.Meta(pattern=SidKind.PARTICIPANT.pattern)]
_MARK = late_pattern(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


class Conversation(msgspec.Struct, frozen=True):
    """One conversation as Twilio lists it: ``created_at`` is RFC 3339, ``attributes`` is JSON text.

    A page with an entry that has no SID counts as a failed look-up. If the entry were skipped, its conversation
    would count as absent.
    """

    sid: _ConversationSid
    state: str | None = None
    created_at: str | None = field(name="date_created", default=None)
    attributes: str | None = None
    account_sid: str | None = None

    @property
    def marker_candidates(self) -> set[str]:
        """All texts of 32 hexadecimal digits in the attributes; each of them may be the marker of a row.

        The attributes are searched and not parsed, because Twilio may accept deeper nesting or larger numbers than
        a JSON parser does. That another text equals a marker by chance is practically impossible.
        """
        return set(_MARK.findall(self.attributes or ""))


class LookupResult(msgspec.Struct, frozen=True):
    """Conversations that a look-up found. If ``trouble`` is set, the look-up failed and there may be more."""

    conversations: tuple[Conversation, ...] = ()
    trouble: ListError | None = None

    @property
    def is_absent(self) -> bool:
        """Whether the look-up was complete and found no conversation."""
        return not self.conversations and self.trouble is None


_C = TypeVar("_C", bound=Conversation)


class _Participation(Conversation, frozen=True):
    """The same conversation with the field names of ParticipantConversations."""

    sid: _ConversationSid = field(name="conversation_sid")
    state: str | None = field(name="conversation_state", default=None)
    created_at: str | None = field(name="conversation_date_created", default=None)
    attributes: str | None = field(name="conversation_attributes", default=None)
    participant_identity: str | None = None


class _ConversationPage(Page[_C], Generic[_C]):
    items: list[_C] = field(name="conversations")


class _Named(Fetched):
    """One conversation as Twilio shows it by itself."""

    sid: _ConversationSid
    created_at: str | None = field(name="date_created", default=None)
    attributes: str | None = None


class _Participant(msgspec.Struct):
    sid: _ParticipantSid
    identity: str | None = None


class _Participants(Page[_Participant]):
    items: list[_Participant] = field(name="participants")


_PARTICIPATIONS: msgspec.json.Decoder[Page[_Participation]] = msgspec.json.Decoder(
    _ConversationPage[_Participation]
)
_CONVERSATIONS: msgspec.json.Decoder[Page[Conversation]] = msgspec.json.Decoder(_ConversationPage[Conversation])
_NAMED = msgspec.json.Decoder(_Named)
_PARTICIPANTS: msgspec.json.Decoder[Page[_Participant]] = msgspec.json.Decoder(_Participants)


class ConversationClient:
    """Looks up conversations over all pages of Twilio's lists; ``pace`` limits the requests, see ``Pager``."""

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
        """Return all conversations of the guest ``identity``.

        Twilio does not document how soon a new conversation is listed, so that a single look-up without a result
        does not prove that the conversation does not exist. Raise ``GateClosed`` when the run stops; every other
        failure is in the result.
        """
        base = self._transport.url("conversations", "v1", "ParticipantConversations")
        url = with_query(base, Identity=identity, PageSize=str(PAGE_SIZE))
        found: dict[str, Conversation] = {}
        async for item in self._pager.items(url, _PARTICIPATIONS):
            if isinstance(item, ListError):
                return LookupResult(tuple(found.values()), _without_service(item))
            if item.participant_identity in {identity, None}:
                found[item.sid] = item
        return LookupResult(tuple(found.values()))

    async def scan(self, start: date, end: date) -> AsyncIterator[Conversation | ListError]:
        """Yield the conversations created from ``start`` to ``end`` (whole days in UTC, inclusive), newest first.

        Closed conversations are included, because a flow may have closed the one that is looked for. If a page
        cannot be read, the last item is a ``ListError``, and the rest of the list is not known. Raise
        ``GateClosed`` when the run stops.
        """
        base = self._transport.url("conversations", "v1", "Conversations")
        url = with_query(base, StartDate=start.isoformat(), EndDate=end.isoformat(), PageSize=str(SCAN_PAGE_SIZE))
        async for item in self._pager.items(url, _CONVERSATIONS):
            yield _without_service(item) if isinstance(item, ListError) else item

    async def find_by_unique_name(self, name: str) -> LookupResult:
        """Return the conversation with a unique name, if there is one; raise as ``find_by_identity`` does."""
        url = self._transport.url("conversations", "v1", "Conversations", name)
        found = await self._pager.fetch(url, _NAMED, field="sid")
        if not isinstance(found, ListError):
            named = Conversation(found.sid, created_at=found.created_at, attributes=found.attributes)
            return LookupResult((named,))
        is_absent = found.http_status == HTTPStatus.NOT_FOUND and found.foreign is None
        return LookupResult() if is_absent else LookupResult(trouble=found)

    async def is_shown(self, sid: str) -> bool:
        """Return whether the service answers for a conversation; False also when nothing can be learned.

        Raise the same exceptions as ``has_participant``.
        """
        return not isinstance(await self.has_participant(sid), ListError)

    async def has_participant(self, sid: str) -> bool | ListError:
        """Return whether a conversation has a participant, or a ``ListError`` when that is not known.

        A conversation without one is the rest of a WebChat whose creation failed half-way. Raise ``GateClosed``
        when the run stops, and ``ValueError`` when ``sid`` is not the SID of a conversation.
        """
        checked = SidKind.CONVERSATION.require(sid)
        base = self._transport.url("conversations", "v1", "Conversations", checked, "Participants")
        url = with_query(base, PageSize="1")
        async for found in self._pager.items(url, _PARTICIPANTS):
            return found if isinstance(found, ListError) else True
        return False

    async def has_guest(self, sid: str, identity_prefix: str) -> bool | ListError:
        """Return whether the identity of a participant begins with ``identity_prefix``.

        Return a ``ListError`` when that is not known; raise the same exceptions as ``has_participant``.
        """
        checked = SidKind.CONVERSATION.require(sid)
        base = self._transport.url("conversations", "v1", "Conversations", checked, "Participants")
        url = with_query(base, PageSize=str(SCAN_PAGE_SIZE))
        async for found in self._pager.items(url, _PARTICIPANTS):
            if isinstance(found, ListError):
                return found
            if (found.identity or "").startswith(identity_prefix):
                return True
        return False


def _without_service(error: ListError) -> ListError:
    """Return the error of a list of all conversations; Twilio answers 404 only when there is no such service."""
    if error.http_status != HTTPStatus.NOT_FOUND or error.foreign is not None or error.refusal:
        return error
    return structs.replace(error, refusal=NO_SERVICE)
