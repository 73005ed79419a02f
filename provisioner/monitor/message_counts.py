"""What becomes of first messages."""

from collections import Counter

from provisioner.models import AttemptResult, MessageStatus
from provisioner.models.reasons import ErrorReason


class MessageCounters:
    """Counts first messages: ``owed`` ones that had no word yet, ``posted`` ones, and why the others are not.

    ``revived`` ones were in doubt since an earlier run and are certainly not there.
    """

    def __init__(self, *, owed: int) -> None:
        self.owed, self.posted, self.revived = owed, 0, 0
        self._reasons: Counter[tuple[MessageStatus, str]] = Counter()
        self._sentences: dict[tuple[MessageStatus, str], str] = {}
        self._in_doubt: dict[int, str] = {}

    def count(self, row: int, status: MessageStatus, result: AttemptResult) -> None:
        """Count what became of the message of an input row; the word after a doubt replaces the doubt."""
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
        """Why messages were not posted, the most frequent first."""
        return [
            ErrorReason(status, code, self._sentences[status, code], rows, of="first message")
            for (status, code), rows in self._reasons.most_common()
            if rows
        ]
