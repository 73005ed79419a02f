"""Looking conversations up, by the guest's identity or by the day; it creates nothing.

Source: the Conversations API, resources ParticipantConversations and Conversations.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import field

from provisioner.ports import Pace
from provisioner.retry import backoff_s

from .codes import classify
from .failures import Failure
from .replies import decode
from .transport import Reply, Transport

PAGE_SIZE = 50
"""The most that ParticipantConversations gives at once."""
SCAN_PAGE_SIZE = 100
TRIES = 4
"""How often one page is asked for."""


class Conversation(msgspec.Struct, frozen=True):
    """One conversation as Twilio lists it. ``created_at`` is RFC 3339, ``attributes`` JSON text."""

    sid: str
    state: str | None = None
    created_at: str | None = field(name="date_created", default=None)
    attributes: str | None = None

    @property
    def pre_engagement_data(self) -> dict[str, Any]:
        """What the customer was created with; empty where there is nothing that can be read."""
        value = _read_object(self.attributes).get("pre_engagement_data")
        return value if isinstance(value, dict) else _read_object(value)

    def marker(self, name: str) -> str:
        """Return the text under ``name`` in the pre-engagement data, empty where there is none."""
        value = self.pre_engagement_data.get(name)
        return value if isinstance(value, str) else ""


class Trouble(msgspec.Struct, frozen=True):
    """Why Twilio could not be asked. It says nothing about what exists.

    ``is_final`` says that asking again would not help.
    """

    error_code: str
    error: str
    http_status: int | None = None
    is_throttled: bool = False
    retry_after_s: float | None = None

    @property
    def is_final(self) -> bool:
        """Say whether the question itself was refused."""
        status = self.http_status or 0
        is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        return is_refusal and not self.is_throttled and status != HTTPStatus.REQUEST_TIMEOUT


class LookUp(msgspec.Struct, frozen=True):
    """What a look-up found; with ``trouble`` set, there may be more."""

    conversations: tuple[Conversation, ...] = ()
    trouble: Trouble | None = None

    @property
    def is_absent(self) -> bool:
        """Say whether Twilio listed everything there is, and it was nothing."""
        return not self.conversations and self.trouble is None


_C = TypeVar("_C", bound=Conversation)
_T = TypeVar("_T")


class _Participation(Conversation, frozen=True):
    """The same conversation, under the names of the other listing."""

    sid: str = field(name="conversation_sid")
    state: str | None = field(name="conversation_state", default=None)
    created_at: str | None = field(name="conversation_date_created", default=None)
    attributes: str | None = field(name="conversation_attributes", default=None)
    participant_identity: str | None = None


class _Meta(msgspec.Struct):
    next_page_url: str | None = None


class _Participant(msgspec.Struct):
    sid: str


class _Participants(msgspec.Struct):
    participants: list[_Participant]


class _Page(msgspec.Struct, Generic[_C]):
    """A page without its list is no answer: absence has to be seen. One that names no next page is the last."""

    conversations: list[_C]
    meta: _Meta = field(default_factory=_Meta)


_PARTICIPATIONS = msgspec.json.Decoder(_Page[_Participation])
_CONVERSATIONS = msgspec.json.Decoder(_Page[Conversation])
_PARTICIPANTS = msgspec.json.Decoder(_Participants)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class ConversationClient:
    """Asks Twilio what exists, page by page; each page passes the pace, and is asked for again when it fails."""

    def __init__(
        self,
        transport: Transport,
        pace: Pace,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport, self._pace, self._sleep = transport, pace, sleep

    async def find_by_identity(self, identity: str) -> LookUp:
        """Find every conversation of one guest, over all pages.

        How soon a new conversation is listed is not documented, so one absence is not yet a proof.
        """
        query = f"Identity={quote(identity, safe='')}&PageSize={PAGE_SIZE}"
        url = self._transport.url("conversations", f"/v1/ParticipantConversations?{query}")
        found: dict[str, Conversation] = {}
        async for item in self._listed(url, _PARTICIPATIONS):
            if isinstance(item, Trouble):
                return LookUp(tuple(found.values()), item)
            if item.participant_identity in {identity, None}:
                found[item.sid] = item
        return LookUp(tuple(found.values()))

    async def scan(self, start: date, end: date) -> AsyncIterator[Conversation | Trouble]:
        """Go through the conversations created from ``start`` to ``end`` (whole days, UTC), newest first.

        Closed ones are listed too, since a flow may have closed what is looked for. A ``Trouble`` is the last
        item: what follows could not be listed.
        """
        query = f"StartDate={start.isoformat()}&EndDate={end.isoformat()}&PageSize={SCAN_PAGE_SIZE}"
        url = self._transport.url("conversations", f"/v1/Conversations?{query}")
        async for item in self._listed(url, _CONVERSATIONS):
            yield item

    async def has_guest(self, sid: str) -> bool | Trouble:
        """Tell a WebChat from half a creation: a conversation that nobody takes part in."""
        url = self._transport.url("conversations", f"/v1/Conversations/{sid}/Participants?PageSize=1")
        page = await self._page(url, _PARTICIPANTS)
        return page if isinstance(page, Trouble) else bool(page.participants)

    async def _listed(self, url: str, decoder: msgspec.json.Decoder[_Page[_C]]) -> AsyncIterator[_C | Trouble]:
        seen: set[str] = set()
        while url and url not in seen:
            seen.add(url)
            page = await self._page(url, decoder)
            if isinstance(page, Trouble):
                yield page
                return
            for conversation in page.conversations:
                yield conversation
            url = _next_url(url, page.meta.next_page_url)
        if url:
            yield Trouble("bad_reply", "Twilio names a next page that cannot be followed")

    async def _page(self, url: str, decoder: msgspec.json.Decoder[_T]) -> _T | Trouble:
        """Ask for one page until it comes, is refused, or has failed too often."""
        page = await self._ask(url, decoder)
        for attempt in range(1, TRIES):
            if not isinstance(page, Trouble) or page.is_final:
                break
            if page.is_throttled:
                self._pace.give_way(page.retry_after_s)
            else:
                await self._sleep(backoff_s(attempt))
            page = await self._ask(url, decoder)
        return page

    async def _ask(self, url: str, decoder: msgspec.json.Decoder[_T]) -> _T | Trouble:
        async with self._pace.turn() as gate:
            return _read_page(await self._transport.send("GET", url, gate=gate), decoder)


def _read_page(came: Reply | Failure, decoder: msgspec.json.Decoder[_T]) -> _T | Trouble:
    if isinstance(came, Failure):
        return Trouble(came.error_code, came.error)
    page = decode(decoder, came.body) if came.status == HTTPStatus.OK else None
    if page is not None:
        return page
    ruling = classify(came.status, came.headers, came.body, now=came.ended)
    return Trouble(
        error_code=ruling.error_code or "bad_reply",
        error=f"Twilio did not list the conversations (HTTP {came.status})",
        http_status=came.status,
        is_throttled=ruling.is_throttled,
        retry_after_s=ruling.retry_after_s,
    )


def _next_url(url: str, next_page_url: str | None) -> str:
    """Take only the query of the next page: host and path stay ours, whatever the reply names."""
    if not next_page_url:
        return ""
    query = next_page_url.partition("?")[2].partition("#")[0]
    return f"{url.partition('?')[0]}?{query}" if query else url


def _read_object(text: object) -> dict[str, Any]:
    value = decode(_OBJECT, text.encode(errors="replace")) if isinstance(text, str) else None
    return value or {}
