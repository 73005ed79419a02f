"""The simulator's own pages for people and tests: its counts, and all conversations with their requests.

They show everything that was sent except credentials, so they are served only with ``inspect``.
"""

import json

from .conversations import Conversation
from .hosts import host_of, is_loopback
from .replies import ApiError, Reply, json_reply
from .state import SimulatorState

PREFIX = "/_simulator/"


class Inspection:
    """Handler of the simulator's own pages; their requests are not counted, limited or made to fail.

    Unless ``is_remote``, which means that it listens for other machines on purpose, it answers only to loopback
    names in the ``Host`` header. Otherwise a foreign web page could read it through a DNS name that points to this
    machine.
    """

    def __init__(self, state: SimulatorState, *, is_remote: bool) -> None:
        self._state, self._is_remote = state, is_remote

    def answer(self, host_header: str, path: str, query: str) -> Reply:
        """Return the page at ``path``, or an error reply: 404 without ``inspect``, 421 for a foreign host."""
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
    """Return the request and the state of a conversation; ``asked_identity`` is the requested identity."""
    fields = conversation.fields
    messages = conversation.messages or []
    return {
        "sid": conversation.sid,
        "account_sid": conversation.account,
        "identity": conversation.identity,
        "asked_identity": fields.get("Identity"),
        "address_sid": fields.get("AddressSid"),
        "chat_friendly_name": fields.get("ChatFriendlyName"),
        "customer_friendly_name": fields.get("CustomerFriendlyName"),
        "pre_engagement_data": fields.get("PreEngagementData"),
        "ui_version": conversation.ui_version,
        "state": conversation.state,
        "created_at": conversation.created_at,
        "friendly_name": conversation.friendly_name,
        "unique_name": conversation.unique_name,
        "attributes": conversation.attributes,
        "inactive_at": conversation.inactive_at,
        "closes_at": conversation.closes_at,
        "messages": len(messages),
        "webhook_messages": sum(message.triggers_webhooks for message in messages),
        "message_sids": [message.sid for message in messages],
        "first_message": messages[0].body if messages else None,
        "message_bodies": [message.body for message in messages],
    }
