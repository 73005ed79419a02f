"""Posting a guest's messages, and finding them again in their conversation.

Source: the Message resource of the Conversations API.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import field

from provisioner.models import AttemptResult, Message, MessageLookup
from provisioner.ports import Gate, RateLimiter
from provisioner.sids import SidKind

from .failures import Failure
from .form import FORM
from .hosts import with_query
from .message_codes import classify_message
from .pages import Page, Pager, Trouble
from .replies import read_request_id
from .transport import Reply, Transport

PAGE_SIZE = 100
WEBHOOKS = ("X-Twilio-Webhook-Enabled", "true")
"""Without it a message posted by REST starts no flow."""
_HEADERS = (FORM, WEBHOOKS)


class _Entry(msgspec.Struct, frozen=True):
    sid: Annotated[str, msgspec.Meta(pattern=SidKind.MESSAGE.pattern)]
    author: str | None = None
    body: str | None = None


class _Page(Page[_Entry]):
    items: list[_Entry] = field(name="messages")


_MESSAGES: msgspec.json.Decoder[Page[_Entry]] = msgspec.json.Decoder(_Page)


class MessageClient:
    """Posts messages, one attempt at a time, and looks for them (``ports.Messenger``).

    ``pace`` is that of looking; whoever posts brings a gate of another.
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
        """Make one attempt; see ``ports.Messenger``."""
        body = urlencode({"Author": message.author, "Body": message.body}).encode()
        came = await self._transport.send("POST", self._url(message), gate=gate, body=body, headers=_HEADERS)
        return _answer_failure(came) if isinstance(came, Failure) else _answer_reply(came)

    async def find(self, message: Message) -> MessageLookup:
        """Look through the whole conversation; see ``ports.Messenger``."""
        sought = _plain(message.body)
        sids: list[str] = []
        has_others = False
        url = with_query(self._url(message), PageSize=str(PAGE_SIZE))
        async for item in self._pager.listed(url, _MESSAGES):
            if isinstance(item, Trouble):
                return _troubled(sids, item)
            if item.author == message.author and _plain(item.body or "") == sought:
                sids.append(item.sid)
            elif item.author == message.author:
                has_others = True
        return MessageLookup(message_sids=tuple(sids), has_others=has_others)

    def _url(self, message: Message) -> str:
        sid = SidKind.CONVERSATION.require(message.conversation_sid)
        return self._transport.url("conversations", "v1", "Conversations", sid, "Messages")


def _plain(body: str) -> list[str]:
    """Return the words of a text: a server may trim spaces and change line ends, and the message is the same."""
    return body.split()


def _troubled(sids: list[str], trouble: Trouble) -> MessageLookup:
    return MessageLookup(
        message_sids=tuple(sids),
        trouble=trouble.error,
        is_final=trouble.is_final,
        is_gone=trouble.http_status == HTTPStatus.NOT_FOUND,
    )


def _answer_failure(failure: Failure) -> AttemptResult:
    return AttemptResult(
        verdict=failure.verdict,
        due=failure.due,
        sent=failure.sent,
        ended=failure.ended,
        error_code=failure.error_code,
        error=failure.error,
        stops_run=failure.stops_run,
    )


def _answer_reply(reply: Reply) -> AttemptResult:
    ruling = classify_message(reply.status, reply.headers, reply.body, now=reply.ended)
    return AttemptResult(
        verdict=ruling.verdict,
        due=reply.due,
        sent=reply.sent,
        ended=reply.ended,
        message_sid=ruling.message_sid,
        http_status=reply.status,
        error_code=ruling.error_code,
        error=ruling.error,
        twilio_request_id=read_request_id(reply.headers),
        retry_after_s=ruling.retry_after_s,
        is_throttled=ruling.is_throttled,
        stops_run=ruling.stops_run,
    )
