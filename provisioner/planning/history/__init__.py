"""Messages of old chats, which ``--history`` names: read, validated and kept until they are posted.

``columns`` which column gives what · ``messages`` one record to one message · ``chats`` all messages of a key, on
disk · ``file`` reads the file · ``plan`` compares it with the ledger.
"""

from .file import HistoryFile, open_history
from .plan import HISTORY_PER_SECOND, PlannedHistory, plan_history

__all__ = ["HISTORY_PER_SECOND", "HistoryFile", "PlannedHistory", "open_history", "plan_history"]
