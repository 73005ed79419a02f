"""JSON documents of conversations, participants and messages, as Twilio writes them.

Source: https://www.twilio.com/docs/conversations/api
"""

from datetime import UTC, datetime

from .call import Call
from .conversations import Conversation, Message, user_sid


def conversation_document(conversation: Conversation, call: Call) -> dict[str, object]:
    """Return the Conversation resource of a conversation."""
    url = f"{call.base_url}/Conversations/{conversation.sid}"
    return {
        "sid": conversation.sid,
        "account_sid": call.account,
        "chat_service_sid": call.flex_service,
        "messaging_service_sid": None,
        "friendly_name": conversation.friendly_name,
        "unique_name": conversation.unique_name,
        "attributes": conversation.attributes,
        "state": conversation.state,
        "date_created": timestamp(conversation.created_at),
        "date_updated": timestamp(conversation.updated_at),
        "timers": _timers(conversation),
        "bindings": None,
        "url": url,
        "links": {"participants": f"{url}/Participants", "messages": f"{url}/Messages"},
    }


def participation_document(conversation: Conversation, call: Call) -> dict[str, object]:
    """Return the ParticipantConversation resource of a conversation."""
    return {
        "account_sid": call.account,
        "chat_service_sid": call.flex_service,
        "participant_sid": participant_sid(conversation),
        "participant_user_sid": user_sid(conversation.identity or ""),
        "participant_identity": conversation.identity,
        "participant_messaging_binding": None,
        "conversation_sid": conversation.sid,
        "conversation_unique_name": conversation.unique_name,
        "conversation_friendly_name": conversation.friendly_name,
        "conversation_attributes": conversation.attributes,
        "conversation_date_created": timestamp(conversation.created_at),
        "conversation_date_updated": timestamp(conversation.updated_at),
        "conversation_created_by": "system",
        "conversation_state": conversation.state,
        "conversation_timers": _timers(conversation),
        "links": {"conversation": f"{call.base_url}/Conversations/{conversation.sid}"},
    }


def participant_document(conversation: Conversation, call: Call) -> dict[str, object]:
    """Return the Participant resource of the guest of a conversation."""
    sid = participant_sid(conversation)
    return {
        "sid": sid,
        "account_sid": call.account,
        "conversation_sid": conversation.sid,
        "identity": conversation.identity,
        "attributes": "{}",
        "messaging_binding": None,
        "role_sid": None,
        "last_read_message_index": None,
        "last_read_timestamp": None,
        "date_created": timestamp(conversation.created_at),
        "date_updated": timestamp(conversation.created_at),
        "url": f"{call.base_url}/Conversations/{conversation.sid}/Participants/{sid}",
        "links": None,
    }


def user_document(identity: str, created_at: float, call: Call) -> dict[str, object]:
    """Return the User resource of a guest; ``created_at`` is in Unix seconds."""
    sid = user_sid(identity)
    url = f"{call.base_url}/Users/{sid}"
    return {
        "sid": sid,
        "account_sid": call.account,
        "chat_service_sid": call.flex_service,
        "role_sid": None,
        "identity": identity,
        "friendly_name": None,
        "attributes": "{}",
        "is_online": None,
        "is_notifiable": None,
        "date_created": timestamp(created_at),
        "date_updated": timestamp(created_at),
        "url": url,
        "links": {"user_conversations": f"{url}/Conversations"},
    }


def message_document(message: Message, index: int, conversation: Conversation, call: Call) -> dict[str, object]:
    """Return the Message resource of a message; ``index`` is its place in the conversation from 0."""
    url = f"{call.base_url}/Conversations/{conversation.sid}/Messages/{message.sid}"
    is_guest = message.author == conversation.identity
    return {
        "sid": message.sid,
        "account_sid": call.account,
        "conversation_sid": conversation.sid,
        "participant_sid": participant_sid(conversation) if is_guest else None,
        "index": index,
        "author": message.author,
        "body": message.body,
        "media": None,
        "attributes": message.attributes,
        "date_created": timestamp(message.created_at),
        "date_updated": timestamp(message.updated_at),
        "delivery": None,
        "url": url,
        "links": {"delivery_receipts": f"{url}/Receipts"},
    }


def _timers(conversation: Conversation) -> dict[str, str]:
    times = {"date_inactive": conversation.inactive_at, "date_closed": conversation.closes_at}
    return {name: timestamp(at) for name, at in times.items() if at is not None}


def timestamp(moment: float) -> str:
    """Return Unix seconds as Twilio writes times: ISO 8601 in UTC, in whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")


def participant_sid(conversation: Conversation) -> str:
    """Return the SID of the conversation's guest."""
    return f"MB{conversation.sid[2:]}"
