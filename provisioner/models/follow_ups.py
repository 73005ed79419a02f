"""Counts of everything that follows the creation of rows."""

import msgspec

from .messages import MessageCounts
from .settings import SettingsCounts


class FollowUpCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Number of created rows by the status of each step that follows their creation."""

    messages: MessageCounts = MessageCounts()
    settings: SettingsCounts = SettingsCounts()

    @property
    def final(self) -> "FollowUpCounts":
        """The counts after the end of a run, in which nothing is pending or in flight."""
        return FollowUpCounts(messages=self.messages.final, settings=self.settings.final)

    @property
    def pending(self) -> int:
        """The least number of created rows that owe a step which no attempt of the run has decided."""
        return max(self.messages.pending, self.settings.pending)

    @property
    def needs_command(self) -> bool:
        """Whether the job's command has something to do for created rows."""
        messages, settings = self.messages.final, self.settings.final
        return bool(messages.unsent or messages.unknown or settings.unsent)
