"""The conversations that exist, kept small: hundreds of thousands of them fit into one process."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import parse_qsl


@dataclass(slots=True)
class Message:
    """A message as it was posted. ``triggers_webhooks`` is what decides whether a flow starts."""

    sid: str
    author: str
    body: str
    created_at: float
    triggers_webhooks: bool


@dataclass(slots=True)
class Conversation:
    """One conversation. ``form`` is the body of the request that made it, as it came in.

    ``number`` counts creations from 0. ``identity`` is None for an orphan: a conversation whose participant
    could not be made. Times are Unix seconds; look-ups show it from ``visible_at`` on. ``closes_at`` is what its
    timer says; nothing closes it then.
    """

    number: int
    sid: str
    identity: str | None
    form: bytes
    ui_version: str
    created_at: float
    visible_at: float
    updated_at: float
    state: str = "active"
    messages: list[Message] | None = None
    closes_at: float | None = None

    @property
    def fields(self) -> dict[str, str]:
        """The form fields as Twilio understood them."""
        return read_form(self.form)

    @property
    def attributes(self) -> str:
        """The attributes as Twilio keeps them: JSON text holding the pre-engagement data."""
        data = self.fields.get("PreEngagementData")
        return "{}" if data is None else f'{{"pre_engagement_data": {data}}}'


class Conversations:
    """All conversations, to be found by SID, by identity and by age."""

    def __init__(self) -> None:
        self.orphans = 0
        self.closed = 0
        self._by_number: list[Conversation | None] = []
        self._by_sid: dict[str, Conversation] = {}
        self._by_identity: dict[str, list[Conversation]] = {}
        self._asked: dict[str, int] = {}
        self._repeated: dict[str, int] = {}

    def add(
        self, form: bytes, identity: str | None, *, asked: str = "", ui_version: str = "", now: float, lag_s: float
    ) -> Conversation:
        """Create a conversation, for a guest of this identity or, without one, as an orphan.

        ``asked`` is the identity the request named, which a server may have overlooked.
        """
        conversation = Conversation(
            number=len(self._by_number),
            sid=f"CH{token_hex(16)}",
            identity=identity,
            form=form,
            ui_version=sys.intern(ui_version),
            created_at=now,
            visible_at=now + lag_s,
            updated_at=now,
        )
        self._by_number.append(conversation)
        self._by_sid[conversation.sid] = conversation
        if identity is None:
            self.orphans += 1
        else:
            self._by_identity.setdefault(identity, []).append(conversation)
            self._count(asked)
        return conversation

    def _count(self, asked: str) -> None:
        if not asked:
            return
        times = self._asked[asked] = self._asked.get(asked, 0) + 1
        if times > 1:
            self._repeated[asked] = times

    def find(self, sid: str) -> Conversation | None:
        """Return the conversation of this SID, if there is one."""
        return self._by_sid.get(sid)

    def of_identity(self, identity: str) -> list[Conversation]:
        """Return the conversations a guest of this identity takes part in, oldest first."""
        return self._by_identity.get(identity, [])

    def __iter__(self) -> Iterator[Conversation]:
        """Go through the conversations in the order they were made."""
        return (each for each in self._by_number if each is not None)

    def newest_first(self, before: int | None = None) -> Iterator[Conversation]:
        """Go through the conversations, newest first, optionally only those made before a given number."""
        start = len(self._by_number) if before is None else min(before, len(self._by_number))
        for number in range(start - 1, -1, -1):
            conversation = self._by_number[number]
            if conversation is not None:
                yield conversation

    def set_state(self, conversation: Conversation, state: str) -> None:
        """Activate, deactivate or close a conversation."""
        self.closed += (state == "closed") - (conversation.state == "closed")
        conversation.state = state

    def delete(self, conversation: Conversation) -> None:
        """Forget a conversation for good."""
        self.closed -= conversation.state == "closed"
        self._by_number[conversation.number] = None
        del self._by_sid[conversation.sid]
        if conversation.identity is not None:
            self._by_identity[conversation.identity].remove(conversation)

    @property
    def made(self) -> int:
        """How many were ever made, orphans and deleted ones included."""
        return len(self._by_number)

    @property
    def kept(self) -> int:
        """How many there are now."""
        return len(self._by_sid)

    @property
    def asked_identities(self) -> int:
        """How many different identities were asked for and got a conversation."""
        return len(self._asked)

    @property
    def repeated_identities(self) -> dict[str, int]:
        """The identities asked for that got more than one conversation, and how many they got."""
        return self._repeated


def read_form(form: bytes) -> dict[str, str]:
    """Decode a form; of a repeated field the first value counts. Raise ``ValueError`` if it is not UTF-8."""
    pairs = parse_qsl(form.decode("utf-8"), keep_blank_values=True, errors="strict")
    return dict(reversed(pairs))
