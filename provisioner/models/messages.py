"""First messages: the message, the result of looking one up, and the counts by status."""

import msgspec

from .jobs import Claim, Row


class Message(msgspec.Struct, frozen=True, gc=False):
    """First message of a row: the conversation, the author (mostly the guest's identity) and the text.

    ``author`` and ``body`` are customer data and must not be logged.
    """

    conversation_sid: str
    author: str
    body: str


def first_message_of(row: Row) -> Message:
    """Return the first message of a created row: of the author whom its input names, otherwise of the guest."""
    return Message(row.conversation_sid, row.request.author or row.identity, row.request.first_message)


class MessageLookup(msgspec.Struct, frozen=True, kw_only=True):
    """Result of looking up one message in its conversation.

    ``message_sids`` are the messages with the same author and body, oldest first. ``has_others``: the author has
    posted other messages. ``trouble`` says why the look-up failed, empty if it did not; ``is_final``: a retry of
    the failed look-up would not help. ``is_gone``: the conversation does not exist any more.
    """

    message_sids: tuple[str, ...] = ()
    has_others: bool = False
    trouble: str = ""
    is_final: bool = False
    is_gone: bool = False


class UnknownMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A first message that may or may not have been posted.

    ``is_confirmed``: Twilio answered 201, but its reply could not be read. ``is_comparable``: the input still
    holds the text that was sent, so that it can be compared with the messages of the conversation. ``is_shared``:
    another row has the same conversation.
    """

    claim: Claim
    is_confirmed: bool = False
    is_comparable: bool = True
    is_shared: bool = False


class MessageCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Number of messages of created rows by status: of first messages, or of histories.

    ``held`` messages wait behind one of the history that is rejected or unknown.
    """

    posted: int = 0
    rejected: int = 0
    unknown: int = 0
    unsent: int = 0
    held: int = 0
    pending: int = 0
    in_flight: int = 0

    @property
    def total(self) -> int:
        """Number of all messages."""
        return sum(msgspec.structs.astuple(self))

    def plus(self, other: "MessageCounts") -> "MessageCounts":
        """Return the sums of both counts."""
        one, two = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return MessageCounts(
            **dict(zip(self.__struct_fields__, map(sum, zip(one, two, strict=True)), strict=True))
        )

    @property
    def accounting(self) -> dict[str, int]:
        """Counts by status in the order in which they are shown; those that jobs rarely have only if not 0."""
        counts, rare = msgspec.structs.asdict(self), {"held", "pending", "in_flight"}
        return {name: number for name, number in counts.items() if number or name not in rare}

    @property
    def final(self) -> "MessageCounts":
        """The counts after the end of a run: pending messages count as unsent, those in flight as unknown."""
        unknown, unsent = self.unknown + self.in_flight, self.unsent + self.pending
        return msgspec.structs.replace(self, unknown=unknown, unsent=unsent, pending=0, in_flight=0)
