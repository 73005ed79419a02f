"""Counters of first messages, and of the messages of histories."""

from collections import Counter

from provisioner.models import AttemptResult, MessageStatus
from provisioner.models.reasons import ErrorReason


class MessageCounters:
    """Counts messages by what happened to them in one run; ``of`` says what they are, for people.

    ``owed`` messages are still to be posted, ``posted`` ones were posted. ``revived`` ones were unknown since an
    earlier run, and a look-up has shown that they do not exist, so that they can be posted again.
    """

    def __init__(self, *, owed: int, of: str = "first message") -> None:
        self._of = of
        self.owed, self.posted, self.revived = owed, 0, 0
        self._reasons: Counter[tuple[MessageStatus, str]] = Counter()
        self._sentences: dict[tuple[MessageStatus, str], str] = {}
        self._in_doubt: dict[int, str] = {}

    @property
    def posted_of_any(self) -> int | None:
        """Number of messages that were posted; None when there are none to post."""
        return self.posted if self.posted or self.owed else None

    def count(self, row: int, status: MessageStatus, result: AttemptResult) -> None:
        """Count the new status of the message of input row ``row``; it replaces an earlier ``UNKNOWN``."""
        if row in self._in_doubt:
            self._reasons[MessageStatus.UNKNOWN, self._in_doubt.pop(row)] -= 1
        else:
            self.owed -= bool(self.owed)
            self.revived += status is MessageStatus.PENDING
        if status is MessageStatus.PENDING:
            self.owed += 1
        elif status is MessageStatus.POSTED:
            self.posted += 1
        else:
            self._reasons[status, result.error_code] += 1
            self._sentences.setdefault((status, result.error_code), result.error)
        if status is MessageStatus.UNKNOWN:
            self._in_doubt[row] = result.error_code

    @property
    def reasons(self) -> list[ErrorReason]:
        """Reasons why messages were not posted, the most frequent first."""
        return [
            ErrorReason(status, code, self._sentences[status, code], rows, of=self._of)
            for (status, code), rows in self._reasons.most_common()
            if rows
        ]
