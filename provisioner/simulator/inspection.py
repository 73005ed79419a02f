"""The simulator's own pages, for people and tests: counts, and every conversation with what it was made of.

They show all that was sent, without credentials, so they are there only where they were asked for.
"""

import json

from .conversations import Conversation
from .hosts import host_of, is_loopback
from .replies import ApiError, Reply, json_reply
from .state import SimulatorState

PREFIX = "/_simulator/"


class Inspection:
    """Answers for the simulator's own pages; nothing here is counted, limited or made to fail.

    Unless it ``is_remote``, that is, listens for other machines on purpose, it answers only to this machine's own
    names: a web page elsewhere could point a name of its own here.
    """

    def __init__(self, state: SimulatorState, *, is_remote: bool) -> None:
        self._state, self._is_remote = state, is_remote

    def answer(self, host_header: str, path: str, query: str) -> Reply:
        """Return the page, or why there is none."""
        if not self._state.settings.inspect:
            return ApiError(404, 20404, "There are no pages of the simulator without --inspect").reply()
        if not self._is_remote and not is_loopback(host_of(host_header)):
            return ApiError(421, 20404, "Not this host").reply()
        return _page(self._state, path, query)


def _page(state: SimulatorState, path: str, query: str) -> Reply:
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
