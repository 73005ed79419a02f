"""Reconciling: find out by look-ups, never by sending, whether rows whose answer was lost exist at Twilio.

``inference`` decides what the look-ups prove (pure) · ``finders`` look rows up, by identity or by mark ·
``finder_choice`` chooses between the two · ``reconciler`` looks unknown rows up until they are decided, and
records the evidence in the ledger · ``messages`` the same for first messages · ``history`` for messages of old
chats · ``polling`` when to look again · ``audit`` compares the created rows of a job with the conversations that
exist · ``service_check`` finds out whether the service that is asked is the one with the job's conversations ·
``open_conversations`` finds out which of a job's conversations have been closed · ``unique_names`` the second
guard against twins.
"""

from .finder_choice import LOOK_UPS_PER_SECOND, FinderChoice, choose_finder
from .finders import AT_ONCE
from .history import history_reconciler
from .messages import MessageReconciler
from .open_conversations import OpenConversations
from .reconciler import BATCH, Reconciler
from .service_check import JobServiceCheck
from .unique_names import UniqueNames

__all__ = [
    "AT_ONCE",
    "BATCH",
    "LOOK_UPS_PER_SECOND",
    "FinderChoice",
    "JobServiceCheck",
    "MessageReconciler",
    "OpenConversations",
    "Reconciler",
    "UniqueNames",
    "choose_finder",
    "history_reconciler",
]
