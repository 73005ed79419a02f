"""First messages: what is posted, what looking shows of one in doubt, and how many stand where."""

import msgspec

from .jobs import Claim


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a guest says first; ``body`` is customer data."""

    conversation_sid: str
    author: str
    body: str


class MessageLookup(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation shows of one message.

    ``message_sids`` are those of its author with its body, the oldest first; ``has_others`` says that the author
    said something else. ``trouble`` says why Twilio could not be asked, ``is_final`` that it need not be asked
    again, ``is_gone`` that there is no such conversation any more.
    """

    message_sids: tuple[str, ...] = ()
    has_others: bool = False
    trouble: str = ""
    is_final: bool = False
    is_gone: bool = False


class UnknownMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may or may not have been posted.

    ``is_confirmed`` says that Twilio answered 201, only unreadably; ``is_comparable`` that the input still says
    what was sent, so that it can be told from what the conversation shows.
    """

    claim: Claim
    is_confirmed: bool = False
    is_comparable: bool = True


class MessageCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many first messages of the created rows stand where."""

    posted: int = 0
    rejected: int = 0
    unknown: int = 0
    unsent: int = 0
    pending: int = 0
    in_flight: int = 0

    @property
    def total(self) -> int:
        """How many created rows ask for a message."""
        return sum(msgspec.structs.astuple(self))

    @property
    def accounting(self) -> dict[str, int]:
        """How many there are of each outcome, in the order they are told; what is none yet, where there is any."""
        counts = msgspec.structs.asdict(self)
        return {name: number for name, number in counts.items() if number or name not in {"pending", "in_flight"}}

    @property
    def final(self) -> "MessageCounts":
        """The counts of a run that is over: what waits is unsent, what flies is unknown."""
        return MessageCounts(
            posted=self.posted,
            rejected=self.rejected,
            unknown=self.unknown + self.in_flight,
            unsent=self.unsent + self.pending,
        )
