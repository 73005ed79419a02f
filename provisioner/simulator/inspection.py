"""The simulator's own pages, for people and tests: counts, and every conversation with what it was made of."""

import json

from .conversations import Conversation
from .replies import ApiError, Reply, json_reply
from .state import SimulatorState

PREFIX = "/_simulator/"


def inspect(state: SimulatorState, path: str, query: str) -> Reply:
    """Answer one of the simulator's own pages; nothing here is counted, limited or made to fail."""
    match path.removeprefix(PREFIX):
        case "state":
            return json_reply(200, state.summary(with_arrivals="arrivals=1" in query.split("&")))
        case "conversations":
            lines = (json.dumps(describe(each), ensure_ascii=False) for each in state.conversations)
            body = "".join(f"{line}\n" for line in lines)
            return Reply(200, body.encode(), {"Content-Type": "application/jsonl"})
    return ApiError(404, 20404, f"The simulator has no page {path}").reply()


def describe(conversation: Conversation) -> dict[str, object]:
    """Return what a conversation was made of and what became of it. ``asked_identity`` is as requested."""
    fields = conversation.fields
    messages = conversation.messages or []
    return {
        "sid": conversation.sid,
        "identity": conversation.identity,
        "asked_identity": fields.get("Identity"),
        "address_sid": fields.get("AddressSid"),
        "chat_friendly_name": fields.get("ChatFriendlyName"),
        "customer_friendly_name": fields.get("CustomerFriendlyName"),
        "pre_engagement_data": fields.get("PreEngagementData"),
        "ui_version": conversation.ui_version,
        "state": conversation.state,
        "created_at": conversation.created_at,
        "closes_at": conversation.closes_at,
        "messages": len(messages),
        "webhook_messages": sum(message.triggers_webhooks for message in messages),
        "message_sids": [message.sid for message in messages],
        "first_message": messages[0].body if messages else None,
    }
