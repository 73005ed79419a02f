"""JSON documents of conversations, participants and messages, as Twilio writes them.

Source: https://www.twilio.com/docs/conversations/api
"""

from datetime import UTC, datetime

from .conversations import Conversation, Message

SERVICE_SID = "IS" + "5" * 32


def conversation_document(conversation: Conversation, account: str, origin: str) -> dict[str, object]:
    """Return the Conversation resource of a conversation; ``origin`` is the scheme and host of its URLs."""
    url = f"{origin}/v1/Conversations/{conversation.sid}"
    return {
        "sid": conversation.sid,
        "account_sid": account,
        "chat_service_sid": SERVICE_SID,
        "messaging_service_sid": None,
        "friendly_name": conversation.fields.get("ChatFriendlyName"),
        "unique_name": None,
        "attributes": conversation.attributes,
        "state": conversation.state,
        "date_created": timestamp(conversation.created_at),
        "date_updated": timestamp(conversation.updated_at),
        "timers": _timers(conversation),
        "bindings": None,
        "url": url,
        "links": {"participants": f"{url}/Participants", "messages": f"{url}/Messages"},
    }


def participation_document(conversation: Conversation, account: str, origin: str) -> dict[str, object]:
    """Return the ParticipantConversation resource of a conversation."""
    return {
        "account_sid": account,
        "chat_service_sid": SERVICE_SID,
        "participant_sid": _relative("MB", conversation),
        "participant_user_sid": _relative("US", conversation),
        "participant_identity": conversation.identity,
        "participant_messaging_binding": None,
        "conversation_sid": conversation.sid,
        "conversation_unique_name": None,
        "conversation_friendly_name": conversation.fields.get("ChatFriendlyName"),
        "conversation_attributes": conversation.attributes,
        "conversation_date_created": timestamp(conversation.created_at),
        "conversation_date_updated": timestamp(conversation.updated_at),
        "conversation_created_by": "system",
        "conversation_state": conversation.state,
        "conversation_timers": _timers(conversation),
        "links": {"conversation": f"{origin}/v1/Conversations/{conversation.sid}"},
    }


def participant_document(conversation: Conversation, account: str, origin: str) -> dict[str, object]:
    """Return the Participant resource of the guest of a conversation."""
    sid = _relative("MB", conversation)
    return {
        "sid": sid,
        "account_sid": account,
        "conversation_sid": conversation.sid,
        "identity": conversation.identity,
        "attributes": "{}",
        "messaging_binding": None,
        "role_sid": None,
        "last_read_message_index": None,
        "last_read_timestamp": None,
        "date_created": timestamp(conversation.created_at),
        "date_updated": timestamp(conversation.created_at),
        "url": f"{origin}/v1/Conversations/{conversation.sid}/Participants/{sid}",
        "links": None,
    }


def message_document(
    message: Message, index: int, conversation: Conversation, account: str, origin: str
) -> dict[str, object]:
    """Return the Message resource of a message; ``index`` is its place in the conversation from 0."""
    url = f"{origin}/v1/Conversations/{conversation.sid}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "account_sid": account,
        "conversation_sid": conversation.sid,
        "participant_sid": _relative("MB", conversation),
        "index": index,
        "author": message.author,
        "body": message.body,
        "media": None,
        "attributes": "{}",
        "date_created": timestamp(message.created_at),
        "date_updated": timestamp(message.created_at),
        "delivery": None,
        "url": url,
        "links": {"delivery_receipts": f"{url}/Receipts"},
    }


def _timers(conversation: Conversation) -> dict[str, str]:
    return {} if conversation.closes_at is None else {"date_closed": timestamp(conversation.closes_at)}


def timestamp(moment: float) -> str:
    """Return Unix seconds as Twilio writes times: ISO 8601 in UTC, in whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _relative(prefix: str, conversation: Conversation) -> str:
    return prefix + conversation.sid[2:]
