"""Counts of everything that follows the creation of rows."""

import msgspec

from .messages import MessageCounts
from .settings import SettingsCounts


class FollowUpCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by the status of each step that follows the creation of rows.

    ``messages`` and ``settings`` count created rows, ``history`` the messages of their old chats. The histories of
    ``owed_histories`` created rows can be posted and are not.
    """

    messages: MessageCounts = MessageCounts()
    history: MessageCounts = MessageCounts()
    owed_histories: int = 0
    settings: SettingsCounts = SettingsCounts()

    @property
    def final(self) -> "FollowUpCounts":
        """The counts after the end of a run, in which nothing is pending or in flight."""
        return FollowUpCounts(
            messages=self.messages.final, history=self.history.final, settings=self.settings.final
        )

    @property
    def posts(self) -> MessageCounts:
        """The counts of first messages and of histories together."""
        return self.messages.plus(self.history)

    @property
    def pending(self) -> int:
        """The least number of created rows that owe a step which no attempt of the run has decided."""
        return max(self.messages.pending, self.owed_histories, self.settings.pending)

    @property
    def needs_command(self) -> bool:
        """Whether the job's command has something to do for created rows."""
        posts, settings = self.posts.final, self.settings.final
        return bool(posts.unsent or posts.unknown or settings.unsent)
