"""Interactions: find those by which Flex routes a conversation to agents, and close their channels.

A conversation does not name its interaction. Its tasks do, in their attributes ``flexInteractionSid`` and
``flexInteractionChannelSid``; the workspace of the tasks is named by Flex's configuration. TaskRouter removes a
task some minutes after it was completed or canceled.

Sources: Twilio, https://www.twilio.com/docs/flex/developer/conversations/interactions-api,
https://www.twilio.com/docs/flex/developer/conversations/interactions-api/channels-subresource,
https://www.twilio.com/docs/taskrouter/api/task and
https://www.twilio.com/docs/flex/developer/config/flex-configuration-rest-api.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import field, structs

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.forms import FORM, encode_form
from provisioner.http_client.transport import Reply, Transport
from provisioner.models.closing import CloseResult, CloseStatus, InteractionChannel
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate, RateLimiter
from provisioner.twilio.account.hosts import with_query

from .errors.closing_errors import CHANNEL_ERRORS, DONE, classify_close_reply
from .errors.error_table import ambiguous
from .errors.reply_parsing import decode
from .paging import Fetched, ListError, Page, Pager
from .results import close_result, failed_close

PAGE_SIZE = 50
"""Tasks per page, the default. Source: Twilio, Task resource."""
MOST_PER_SECOND = 20.0
"""Most requests per second to one endpoint of the Interactions API, per account.

Source: Twilio, https://www.twilio.com/docs/flex/developer/conversations/interactions-api.
"""
_CLOSE = encode_form({"Status": "closed", "Routing": '{"status": "closed"}'})
_NOT_SHOWN = ambiguous("Twilio's reply does not show the interaction's channel closed", word="bad_reply")


class _Configuration(Fetched):
    workspace_sid: Annotated[str, msgspec.Meta(pattern=SidKind.WORKSPACE.pattern)] = field(
        name="taskrouter_workspace_sid"
    )


class _Task(msgspec.Struct, frozen=True):
    sid: str
    attributes: str | None = None


class _Tasks(Page[_Task]):
    items: list[_Task] = field(name="tasks")


class _TaskAttributes(msgspec.Struct, rename="camel"):
    """Attributes of a task that Flex sets; a task of another kind may have values of any type."""

    conversation_sid: Any = None
    flex_interaction_sid: Any = None
    flex_interaction_channel_sid: Any = None


class _Channel(Fetched):
    status: str


_CONFIGURATION = msgspec.json.Decoder(_Configuration)
_TASKS: msgspec.json.Decoder[Page[_Task]] = msgspec.json.Decoder(_Tasks)
_ATTRIBUTES = msgspec.json.Decoder(_TaskAttributes)
_CHANNEL = msgspec.json.Decoder(_Channel)


class InteractionClient:
    """Finds and closes the interactions of conversations.

    Two rate limiters are for the requests that only read: ``task_pace`` for TaskRouter, ``flex_pace`` for Flex.
    """

    def __init__(
        self,
        transport: Transport,
        task_pace: RateLimiter,
        flex_pace: RateLimiter,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._settings = Pager(transport, flex_pace, what="configuration of Flex", sleep=sleep)
        self._tasks = Pager(transport, task_pace, what="tasks of the conversation", sleep=sleep)
        self._channels = Pager(transport, flex_pace, what="channel of the interaction", sleep=sleep)
        self._asking = asyncio.Lock()
        self._workspace_sid = ""

    async def find_channels(self, conversation_sid: str) -> tuple[InteractionChannel, ...] | ListError:
        """Return the channels of the interactions of a conversation, as its tasks name them.

        A conversation without a task has none. Raise ``GateClosed`` when the run stops, and ``ValueError`` when
        ``conversation_sid`` is not the SID of a conversation.
        """
        asked = SidKind.CONVERSATION.require(conversation_sid)
        workspace = await self._workspace()
        if isinstance(workspace, ListError):
            return workspace
        base = self._transport.url("taskrouter", "v1", "Workspaces", workspace, "Tasks")
        url = with_query(base, EvaluateTaskAttributes=f'conversationSid == "{asked}"', PageSize=str(PAGE_SIZE))
        found: dict[InteractionChannel, None] = {}
        async for item in self._tasks.items(url, _TASKS):
            if isinstance(item, ListError):
                return _for_all(item, "the tasks of Flex's workspace")
            if channel := _channel_of(item, asked):
                found[channel] = None
        return tuple(found)

    async def close_channel(self, channel: InteractionChannel, gate: Gate) -> CloseResult:
        """Close a channel; its tasks become completed. ``gate`` is as for ``ClosingClient``.

        After a refusal the channel is looked at: what Twilio answers to closing it twice is not documented.
        """
        url = self._url(channel)
        came = await self._transport.send("POST", url, gate=gate, body=_CLOSE, headers=(FORM,))
        if isinstance(came, TransportFailure):
            return failed_close(came)
        result = _read_channel_reply(came)
        if result.status is CloseStatus.REFUSED and not result.stops_run and await self._is_closed(url):
            return close_result(came, CloseStatus.CLOSED, DONE)
        return result

    async def _is_closed(self, url: str) -> bool:
        shown = await self._channels.fetch(url, _CHANNEL, field="status")
        return not isinstance(shown, ListError) and shown.status == "closed"

    async def _workspace(self) -> str | ListError:
        """Return the SID of Flex's workspace, which is asked for once."""
        async with self._asking:
            if not self._workspace_sid:
                url = self._transport.url("flex-api", "v1", "Configuration")
                shown = await self._settings.fetch(url, _CONFIGURATION, field="taskrouter_workspace_sid")
                if isinstance(shown, ListError):
                    return _for_all(shown, "Flex's configuration, or it names no workspace")
                self._workspace_sid = shown.workspace_sid
            return self._workspace_sid

    def _url(self, channel: InteractionChannel) -> str:
        interaction_sid = SidKind.INTERACTION.require(channel.interaction_sid)
        sid = SidKind.INTERACTION_CHANNEL.require(channel.sid)
        return self._transport.url("flex-api", "v1", "Interactions", interaction_sid, "Channels", sid)


def _for_all(error: ListError, what: str) -> ListError:
    """Return the error of a look-up that any other conversation would get too, as one that stops the run."""
    is_for_all = error.is_final or error.http_status == HTTPStatus.OK
    if not is_for_all or error.foreign is not None or error.refusal:
        return error
    return structs.replace(
        error,
        refusal=f"Twilio does not show {what} (HTTP {error.http_status}): omit --through, or check the account",
    )


def _channel_of(task: _Task, conversation_sid: str) -> InteractionChannel | None:
    """Return the channel that a task names, None for a task of another conversation or without an interaction.

    The conversation is compared here too: a server that did not filter would name other customers' channels.
    """
    named = decode(_ATTRIBUTES, (task.attributes or "").encode())
    if named is None or named.conversation_sid != conversation_sid:
        return None
    interaction_sid, sid = named.flex_interaction_sid, named.flex_interaction_channel_sid
    if not (isinstance(interaction_sid, str) and SidKind.INTERACTION.matches(interaction_sid)):
        return None
    if not (isinstance(sid, str) and SidKind.INTERACTION_CHANNEL.matches(sid)):
        return None
    return InteractionChannel(interaction_sid, sid)


def _read_channel_reply(reply: Reply) -> CloseResult:
    """Return ``CLOSED`` only if the reply's body shows the channel closed."""
    if reply.status == HTTPStatus.OK:
        shown = decode(_CHANNEL, reply.body)
        is_closed = shown is not None and shown.status == "closed"
        status, classification = (CloseStatus.CLOSED, DONE) if is_closed else (CloseStatus.MAYBE, _NOT_SHOWN)
        return close_result(reply, status, classification, field="status")
    classified = classify_close_reply(
        reply.status, reply.headers, reply.body, now=reply.ended, errors=CHANNEL_ERRORS
    )
    return close_result(reply, *classified, field="status")
