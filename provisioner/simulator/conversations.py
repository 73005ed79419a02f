"""Store of the conversations, kept small: one process can hold hundreds of thousands of them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_hex
from urllib.parse import parse_qsl


@dataclass(slots=True)
class Message:
    """A posted message; ``triggers_webhooks`` decides whether a Studio flow starts. Times are Unix seconds.

    ``attributes`` is the text of a JSON document.
    """

    sid: str
    author: str
    body: str
    created_at: float
    triggers_webhooks: bool
    attributes: str
    updated_at: float


@dataclass(slots=True)
class Conversation:
    """A conversation and the request that created it.

    ``form`` is the raw body of that request, ``account`` the SID of the account that sent it. ``number`` counts
    creations from 0. ``identity`` is None for an orphan: a conversation whose participant could not be created.
    Times are Unix seconds; look-ups show the conversation from ``visible_at`` on. ``updates`` are the fields that
    later requests set: ``FriendlyName``, ``UniqueName`` and ``Attributes``. ``inactive_at`` and ``closes_at`` are
    the times set by timers; the simulator changes no state then. ``channel`` is the status of the channel of its
    interaction, empty without one.
    """

    number: int
    sid: str
    identity: str | None
    form: bytes
    ui_version: str
    created_at: float
    visible_at: float
    updated_at: float
    account: str
    state: str = "active"
    messages: list[Message] | None = None
    updates: dict[str, str] | None = None
    inactive_at: float | None = None
    closes_at: float | None = None
    channel: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Form fields of the request, decoded, by name."""
        return read_form(self.form)

    @property
    def attributes(self) -> str:
        """The stored attributes as JSON: an object with the pre-engagement data, until they are replaced."""
        if self.updates and "Attributes" in self.updates:
            return self.updates["Attributes"] or "{}"
        data = self.fields.get("PreEngagementData")
        return "{}" if data is None else f'{{"pre_engagement_data": {data}}}'

    @property
    def friendly_name(self) -> str | None:
        """The name that the conversation was created with, or that it was given later."""
        given = (self.updates or {}).get("FriendlyName")
        return self.fields.get("ChatFriendlyName") if given is None else given

    @property
    def unique_name(self) -> str | None:
        """The name by which the conversation can be addressed in place of its SID."""
        return (self.updates or {}).get("UniqueName") or None


class Conversations:
    """All conversations, with indexes by SID, by identity and by age.

    A guest is a user of the service by its identity, and stays one when its conversations are deleted. ``orphans``
    counts conversations without a participant, ``closed`` those in the state ``closed``.
    """

    def __init__(self) -> None:
        self.orphans = 0
        self.closed = 0
        self._by_number: list[Conversation | None] = []
        self._by_sid: dict[str, Conversation] = {}
        self._by_unique_name: dict[str, Conversation] = {}
        self._by_identity: dict[str, list[Conversation]] = {}
        self._users: dict[str, float] = {}
        self._asked: dict[str, int] = {}
        self._repeated: dict[str, int] = {}

    def add(
        self,
        form: bytes,
        identity: str | None,
        *,
        asked: str = "",
        ui_version: str = "",
        account: str = "",
        now: float,
        lag_s: float,
    ) -> Conversation:
        """Create a conversation in ``account`` for a guest of this identity; None creates an orphan.

        ``asked`` is the identity that the request named, which the settings may ignore. ``now`` is in Unix
        seconds. Look-ups do not show the conversation for ``lag_s`` seconds.
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
            account=sys.intern(account),
        )
        self._by_number.append(conversation)
        self._by_sid[conversation.sid] = conversation
        if identity is None:
            self.orphans += 1
        else:
            self._by_identity.setdefault(identity, []).append(conversation)
            self._users.setdefault(identity, now)
            self._count(asked)
        return conversation

    def _count(self, asked: str) -> None:
        if not asked:
            return
        times = self._asked[asked] = self._asked.get(asked, 0) + 1
        if times > 1:
            self._repeated[asked] = times

    def find(self, sid: str) -> Conversation | None:
        """Return the conversation with this SID or unique name, or None."""
        return self._by_sid.get(sid) or self._by_unique_name.get(sid)

    def of_identity(self, identity: str) -> list[Conversation]:
        """Return the conversations of the guest with this identity, oldest first."""
        return self._by_identity.get(identity, [])

    def find_user(self, name: str) -> tuple[str, float] | None:
        """Return identity and creation time of the user with this identity or SID, or None."""
        known = (name in self._users and name) or next(
            (each for each in self._users if user_sid(each) == name), ""
        )
        return (known, self._users[known]) if known in self._users else None

    def delete_user(self, identity: str) -> None:
        """Delete a user, which leaves all of its conversations."""
        del self._users[identity]
        for conversation in self._by_identity.pop(identity):
            conversation.identity = None

    def __iter__(self) -> Iterator[Conversation]:
        """Iterate over the conversations in the order of their creation."""
        return (each for each in self._by_number if each is not None)

    def newest_first(self, before: int | None = None) -> Iterator[Conversation]:
        """Yield the conversations, newest first; with ``before`` only those with a lower number."""
        start = len(self._by_number) if before is None else min(before, len(self._by_number))
        for number in range(start - 1, -1, -1):
            conversation = self._by_number[number]
            if conversation is not None:
                yield conversation

    def set_state(self, conversation: Conversation, state: str) -> None:
        """Set the state: ``active``, ``inactive`` or ``closed``."""
        self.closed += (state == "closed") - (conversation.state == "closed")
        conversation.state = state

    def rename(self, conversation: Conversation, updates: dict[str, str]) -> None:
        """Set ``FriendlyName``, ``UniqueName`` and ``Attributes``, as far as they are named; "" removes a name."""
        if not updates:
            return
        if conversation.unique_name and "UniqueName" in updates:
            del self._by_unique_name[conversation.unique_name]
        conversation.updates = {**(conversation.updates or {}), **updates}
        if conversation.unique_name:
            self._by_unique_name[conversation.unique_name] = conversation

    def delete(self, conversation: Conversation) -> None:
        """Delete a conversation; its number is not used again."""
        self.closed -= conversation.state == "closed"
        self._by_number[conversation.number] = None
        del self._by_sid[conversation.sid]
        if conversation.unique_name:
            del self._by_unique_name[conversation.unique_name]
        if conversation.identity is not None:
            self._by_identity[conversation.identity].remove(conversation)

    @property
    def made(self) -> int:
        """Number of conversations ever created, with orphans and deleted ones."""
        return len(self._by_number)

    @property
    def kept(self) -> int:
        """Number of conversations that exist now."""
        return len(self._by_sid)

    @property
    def asked_identities(self) -> int:
        """Number of different identities that were requested and got a conversation."""
        return len(self._asked)

    @property
    def repeated_identities(self) -> dict[str, int]:
        """Requested identities with more than one conversation, and the number of their conversations."""
        return self._repeated


def read_form(form: bytes) -> dict[str, str]:
    """Return the fields of a URL-encoded form; of a repeated field the first value counts.

    Raise ``ValueError`` for a body that is not UTF-8.
    """
    pairs = parse_qsl(form.decode("utf-8"), keep_blank_values=True, errors="strict")
    return dict(reversed(pairs))


def user_sid(identity: str) -> str:
    """Return the SID of the user with this identity."""
    return f"US{blake2b(identity.encode(errors='surrogatepass'), digest_size=16).hexdigest()}"
