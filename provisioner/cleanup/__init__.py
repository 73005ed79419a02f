"""What ``close`` does: ends the conversations that a job made, after telling which.

``scope`` what is to be closed, from a ledger or a results file · ``tally`` how far it is · ``cleanup`` from the
dry run to the account.
"""

from .cleanup import close_conversations

__all__ = ["close_conversations"]
