"""Endpoints of Flex's routing: its configuration, the tasks of a workspace, and the channels of an interaction.

A conversation gets an interaction with one channel and one task by its first message with webhooks, as if every
flow sent it to Flex. All SIDs end with the digits of the conversation's.

Sources: https://www.twilio.com/docs/flex/developer/conversations/interactions-api,
https://www.twilio.com/docs/taskrouter/api/task and
https://www.twilio.com/docs/flex/developer/config/flex-configuration-rest-api
"""

import json
import re
from collections.abc import Iterator

from .call import Call
from .conversations import Conversation
from .pages import page_reply, read_page
from .parameters import read_whole_number
from .replies import ApiError, Reply, json_reply
from .serializers import timestamp
from .service_scope import not_found
from .state import SimulatorState

WORKSPACE_SID = "WS" + "7" * 32
MOST_TASKS = 1000
_EXPRESSION = re.compile(r"""\s*conversationSid\s*==?\s*(["'])(CH[0-9a-f]{32})\1\s*""")


class InteractionEndpoints:
    """The endpoints of Flex's configuration, tasks and interactions; ``ApiError`` (404) for what is unknown."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state

    def configuration(self, call: Call) -> Reply:
        """Return Flex's configuration: the workspace and the service that it uses."""
        document = {
            "account_sid": call.account,
            "chat_service_instance_sid": call.flex_service,
            "taskrouter_workspace_sid": WORKSPACE_SID,
            "status": "ok",
            "url": f"{call.origin}{call.path}",
        }
        return json_reply(200, document)

    def list_tasks(self, call: Call) -> Reply:
        """List the tasks, newest first; ``EvaluateTaskAttributes`` may ask for those of one conversation.

        Raise ``ApiError`` (400) for an expression that asks for anything else.
        """
        if call.route.sid != WORKSPACE_SID:
            raise not_found(call)
        query = call.read_query()
        asked = read_page(query, MOST_TASKS)
        expression = query.get("EvaluateTaskAttributes")
        found = self._all(call, asked.after) if expression is None else self._of_conversation(call, expression)
        return page_reply(
            call,
            asked,
            "tasks",
            found,
            mark=lambda each: str(each.number),
            show=lambda each: _task_document(each, call),
        )

    def list_channels(self, call: Call) -> Reply:
        """List the channel of an interaction."""
        asked = read_page(call.read_query(), MOST_TASKS)
        conversation = self._find(call)
        return page_reply(
            call,
            asked,
            "channels",
            [] if asked.after else [conversation],
            mark=lambda each: each.sid,
            show=lambda each: _channel_document(each, call),
        )

    def fetch_channel(self, call: Call) -> Reply:
        """Return a channel."""
        return json_reply(200, _channel_document(self._find(call), call))

    def update_channel(self, call: Call) -> Reply:
        """Close a channel, which completes its task; the conversation stays as it is.

        Raise ``ApiError`` (400) for another status and for a channel that is closed already, and (429) above the
        limit of the settings.
        """
        if not self._state.admits("interactions", call.account, self._state.settings.interaction_limit):
            raise ApiError(429, 20429, "Too many requests")
        conversation, form = self._find(call), call.read_form()
        if form.get("Status") != "closed":
            raise ApiError(400, 20001, "Status must be closed")
        if "Routing" in form and _routing_status(form["Routing"]) not in {"closed", "wrapping"}:
            raise ApiError(400, 20001, "Routing must be a JSON object with the status closed or wrapping")
        if conversation.channel == "closed":
            raise ApiError(400, 20001, "The channel is closed already")
        conversation.channel = "closed"
        return json_reply(200, _channel_document(conversation, call))

    def _find(self, call: Call) -> Conversation:
        digits = call.route.sid.removeprefix("KD")
        is_channel = call.route.child in {"", f"UO{digits}"}
        conversation = self._state.conversations.find(f"CH{digits}") if is_channel else None
        if conversation is None or not call.route.sid.startswith("KD") or not _is_seen(conversation, call):
            raise not_found(call)
        return conversation

    def _all(self, call: Call, after: str) -> Iterator[Conversation]:
        try:
            before = read_whole_number(after) if after else None
        except ValueError:
            raise ApiError(400, 20001, "PageToken is invalid") from None
        return (each for each in self._state.conversations.newest_first(before) if _is_seen(each, call))

    def _of_conversation(self, call: Call, expression: str) -> list[Conversation]:
        asked = _EXPRESSION.fullmatch(expression)
        if asked is None:
            raise ApiError(400, 20001, "The simulator only evaluates conversationSid == '…'")
        conversation = self._state.conversations.find(asked[2])
        return [conversation] if conversation is not None and _is_seen(conversation, call) else []


def _is_seen(conversation: Conversation, call: Call) -> bool:
    """Return whether the conversation is the caller's, and Flex has an interaction for it."""
    return conversation.account == call.account and bool(conversation.channel)


def _routing_status(text: str) -> object:
    try:
        routing = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return routing.get("status") if isinstance(routing, dict) else None


def _task_document(conversation: Conversation, call: Call) -> dict[str, object]:
    digits = conversation.sid[2:]
    attributes = {
        "conversationSid": conversation.sid,
        "flexInteractionSid": f"KD{digits}",
        "flexInteractionChannelSid": f"UO{digits}",
        "channelType": "web",
    }
    return {
        "sid": f"WT{digits}",
        "account_sid": call.account,
        "workspace_sid": WORKSPACE_SID,
        "assignment_status": "completed" if conversation.channel == "closed" else "pending",
        "attributes": json.dumps(attributes),
        "date_created": timestamp(conversation.created_at),
        "date_updated": timestamp(conversation.updated_at),
        "url": f"{call.origin}/v1/Workspaces/{WORKSPACE_SID}/Tasks/WT{digits}",
    }


def _channel_document(conversation: Conversation, call: Call) -> dict[str, object]:
    digits = conversation.sid[2:]
    return {
        "sid": f"UO{digits}",
        "interaction_sid": f"KD{digits}",
        "type": "web",
        "status": conversation.channel,
        "error_code": None,
        "error_message": None,
        "url": f"{call.origin}/v1/Interactions/KD{digits}/Channels/UO{digits}",
        "links": {},
    }
