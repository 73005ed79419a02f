"""History of an old chat: its messages, how a plan describes them, and the records that look-ups need."""

import msgspec

from .jobs import Claim


class HistoryMessage(msgspec.Struct, frozen=True, gc=False):
    """One message of an old chat.

    ``date`` is when it was written, ``YYYY-MM-DDTHH:MM:SSZ``. ``attributes`` is the text of a JSON object, empty
    for none. All texts are customer data and must not be logged.
    """

    author: str
    body: str
    date: str
    attributes: str = ""


class HistoryEntry(msgspec.Struct, frozen=True, gc=False):
    """History of one key as planning writes it to the ledger.

    ``line`` is the line of the first message in the file. ``digests`` has an item for each message: a 16-byte hash
    of it and of all messages before it.
    """

    key: str
    line: int
    digests: tuple[bytes, ...]


class HistoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of planning a history.

    ``chats`` rows of the input have ``messages`` messages. ``unmatched`` keys of the file have no valid row in the
    input; ``unmatched_lines`` are the lines at which the first of them begin. ``late`` rows have messages that
    cannot be posted any more, because the first message was already posted. Of ``changed`` rows, messages were
    posted that are now missing or different; ``changed_keys`` are the first of their keys. A plan with changed
    rows is not stored.
    """

    chats: int = 0
    messages: int = 0
    unmatched: int = 0
    unmatched_lines: tuple[int, ...] = ()
    late: int = 0
    changed: int = 0
    changed_keys: tuple[str, ...] = ()


class HistoryLookup(msgspec.Struct, frozen=True, kw_only=True):
    """Result of looking up one message of a history in its conversation.

    ``message_sids`` are the messages with the same author, text and date, oldest first; ``others`` is the number
    of those with the same author and text, and another date. The rest is as for ``MessageLookup``.
    """

    message_sids: tuple[str, ...] = ()
    others: int = 0
    trouble: str = ""
    is_final: bool = False
    is_gone: bool = False


class UnknownHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A row with a message of its history that may or may not have been posted.

    The message is the one after the ``claim.history_posted`` messages that were posted. ``is_confirmed``: Twilio
    answered 201, but its reply could not be read. ``is_shared``: another row has the same conversation.
    """

    claim: Claim
    is_confirmed: bool = False
    is_shared: bool = False
