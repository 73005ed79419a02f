"""Settings of a created conversation: the request that sets them, and the counts by status."""

import msgspec


class ConversationSettings(msgspec.Struct, frozen=True, gc=False):
    """What is set on a conversation after its creation; an empty text or None is not set.

    ``attributes`` is the text of a JSON object, whose members are merged into those that the conversation has.
    ``inactive_after_s`` and ``close_after_s`` are the times of Twilio's timers in seconds. The texts are customer
    data and must not be logged.
    """

    conversation_sid: str
    unique_name: str = ""
    attributes: str = ""
    inactive_after_s: float | None = None
    close_after_s: float | None = None


class SettingsCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Number of created rows with settings, by status of the settings."""

    set: int = 0
    rejected: int = 0
    duplicate: int = 0
    unsent: int = 0
    pending: int = 0

    @property
    def total(self) -> int:
        """Number of created rows that have settings."""
        return sum(msgspec.structs.astuple(self))

    @property
    def accounting(self) -> dict[str, int]:
        """Counts by status in the order in which they are shown; ``duplicate`` and ``pending`` only if not 0."""
        counts = msgspec.structs.asdict(self)
        return {name: number for name, number in counts.items() if number or name not in {"duplicate", "pending"}}

    @property
    def final(self) -> "SettingsCounts":
        """The counts after the end of a run: pending settings count as unsent."""
        return msgspec.structs.replace(self, unsent=self.unsent + self.pending, pending=0)
