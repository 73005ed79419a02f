"""Messages: post a guest's first one or one of an old chat, or look one up in its conversation.

Source: Twilio, Message resource, https://www.twilio.com/docs/conversations/api/conversation-message-resource.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypedDict

import msgspec
from msgspec import field

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.forms import FORM, encode_form
from provisioner.http_client.request_bytes import Headers
from provisioner.http_client.transport import Transport
from provisioner.models import AttemptResult, HistoryLookup, HistoryMessage, Message, MessageLookup
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate, RateLimiter
from provisioner.twilio.account.hosts import with_query

from .errors.message_errors import classify_message_reply
from .paging import ListError, Page, Pager
from .results import attempt_result, failed_attempt

PAGE_SIZE = 100
"""Messages per page: the maximum. Source: Twilio, Message resource."""
WEBHOOKS = ("X-Twilio-Webhook-Enabled", "true")
"""Header without which a message posted by REST starts no flow. Source: Twilio, Message resource."""
_HEADERS = (FORM, WEBHOOKS)


class _MessageEntry(msgspec.Struct, frozen=True):
    sid: Annotated[str, msgspec.Meta(pattern=SidKind.MESSAGE.pattern)]
    author: str | None = None
    body: str | None = None
    date: str | None = field(name="date_created", default=None)


class _Trouble(TypedDict):
    trouble: str
    is_final: bool
    is_gone: bool


class _MessagePage(Page[_MessageEntry]):
    items: list[_MessageEntry] = field(name="messages")


_MESSAGES: msgspec.json.Decoder[Page[_MessageEntry]] = msgspec.json.Decoder(_MessagePage)


class MessageClient:
    """Posts messages and looks them up; implements ``ports.Messenger`` and ``ports.HistoryMessenger``.

    ``pace`` limits the requests of look-ups only; requests of ``post`` wait at the gate that the caller passes.
    """

    def __init__(
        self,
        transport: Transport,
        pace: RateLimiter,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._pager = Pager(transport, pace, what="messages", sleep=sleep)

    async def post(self, message: Message, gate: Gate) -> AttemptResult:
        """Make one attempt to post ``message``; see ``ports.Messenger``."""
        fields = {"Author": message.author, "Body": message.body}
        return await self._post(message.conversation_sid, fields, _HEADERS, gate)

    async def post_history(self, conversation_sid: str, message: HistoryMessage, gate: Gate) -> AttemptResult:
        """Make one attempt to post ``message`` without triggering webhooks; see ``ports.HistoryMessenger``."""
        fields = {"Author": message.author, "Body": message.body, "DateCreated": message.date}
        if message.attributes:
            fields["Attributes"] = message.attributes
        return await self._post(conversation_sid, fields, (FORM,), gate)

    async def _post(
        self, conversation_sid: str, fields: Mapping[str, str], headers: Headers, gate: Gate
    ) -> AttemptResult:
        url, body = self._url(conversation_sid), encode_form(fields)
        came = await self._transport.send("POST", url, gate=gate, body=body, headers=headers)
        if isinstance(came, TransportFailure):
            return failed_attempt(came)
        classification = classify_message_reply(came.status, came.headers, came.body, now=came.ended)
        return attempt_result(came, classification, field="sid")

    async def find(self, message: Message) -> MessageLookup:
        """Look ``message`` up among all messages of its conversation; see ``ports.Messenger``."""
        sought = _plain(message.body)
        sids: list[str] = []
        has_others = False
        url = with_query(self._url(message.conversation_sid), PageSize=str(PAGE_SIZE))
        async for item in self._pager.items(url, _MESSAGES):
            if isinstance(item, ListError):
                return _failed_lookup(sids, item)
            if item.author == message.author and _plain(item.body or "") == sought:
                sids.append(item.sid)
            elif item.author == message.author:
                has_others = True
        return MessageLookup(message_sids=tuple(sids), has_others=has_others)

    async def find_history(self, conversation_sid: str, message: HistoryMessage) -> HistoryLookup:
        """Look ``message`` up among all messages of its conversation; see ``ports.HistoryMessenger``."""
        sought, moment = (message.author, _plain(message.body)), _moment(message.date)
        sids: list[str] = []
        others = 0
        url = with_query(self._url(conversation_sid), PageSize=str(PAGE_SIZE))
        async for item in self._pager.items(url, _MESSAGES):
            if isinstance(item, ListError):
                return HistoryLookup(message_sids=tuple(sids), others=others, **_trouble(item))
            if (item.author, _plain(item.body or "")) != sought:
                continue
            if _moment(item.date) == moment:
                sids.append(item.sid)
            else:
                others += 1
        return HistoryLookup(message_sids=tuple(sids), others=others)

    def _url(self, conversation_sid: str) -> str:
        sid = SidKind.CONVERSATION.require(conversation_sid)
        return self._transport.url("conversations", "v1", "Conversations", sid, "Messages")


def _moment(text: str | None) -> datetime | None:
    """Return the time that a message has, in whole seconds; None when that cannot be read."""
    try:
        return datetime.fromisoformat(text or "").astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def _plain(body: str) -> list[str]:
    """Return the words of a text, for comparison: a server may trim spaces or change line breaks."""
    return body.split()


def _failed_lookup(sids: list[str], list_error: ListError) -> MessageLookup:
    return MessageLookup(message_sids=tuple(sids), **_trouble(list_error))


def _trouble(list_error: ListError) -> _Trouble:
    is_gone = list_error.http_status == HTTPStatus.NOT_FOUND and list_error.foreign is None
    return {"trouble": list_error.reason, "is_final": list_error.is_final, "is_gone": is_gone}
